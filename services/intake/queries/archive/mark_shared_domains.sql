-- Which of these domains, and of the domains of these services, stand in more than one service on record. An APP may
-- share a domain with another service of its organiser.
with asked as (
    select unnest($1::text[]) as domain
    union
    select domain from archive_domains where service_id = any($2)
),
holders as (
    select held.service_id, held.domain, service.organiser_id, service.kind = 'app' as is_app,
           service.status = 'filed' as is_filed
    from asked
    join archive_domains held on held.domain = asked.domain
    join archive_services service on service.id = held.service_id
),
verdicts as (
    select one.service_id, one.domain, one.is_filed and exists (
        select from holders other
        where other.domain = one.domain and other.service_id <> one.service_id and other.is_filed
          and (other.organiser_id <> one.organiser_id or not (one.is_app or other.is_app))
    ) as is_shared
    from holders one
)
update archive_domains
set is_shared = verdicts.is_shared
from verdicts
where archive_domains.service_id = verdicts.service_id and archive_domains.domain = verdicts.domain
  and archive_domains.is_shared <> verdicts.is_shared
