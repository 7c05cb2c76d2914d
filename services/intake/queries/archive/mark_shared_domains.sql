-- Which of these domains, and of the domains of these services, stand in more than one service on record.
with asked as (
    select unnest($1::text[]) as domain
    union
    select domain from archive_domains where service_id = any($2)
),
holders as (
    select held.service_id, held.domain, service.status = 'filed' as is_filed
    from asked
    join archive_domains held on held.domain = asked.domain
    join archive_services service on service.id = held.service_id
),
verdicts as (
    select service_id, domain, is_filed and count(*) filter (where is_filed) over (partition by domain) > 1 as is_shared
    from holders
)
update archive_domains
set is_shared = verdicts.is_shared
from verdicts
where archive_domains.service_id = verdicts.service_id and archive_domains.domain = verdicts.domain
  and archive_domains.is_shared <> verdicts.is_shared
