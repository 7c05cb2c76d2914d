-- The domains of services, anew; tells every domain that was added or removed.
with removed as (
    delete from archive_domains
    where service_id = any($1)
      and not exists (
          select from unnest($2::uuid[], $3::text[]) as given (service_id, domain)
          where given.service_id = archive_domains.service_id and given.domain = archive_domains.domain
      )
    returning domain
),
added as (
    insert into archive_domains (service_id, domain, registrable)
    select * from unnest($2::uuid[], $3::text[], $4::text[])
    on conflict (service_id, domain) do update set registrable = excluded.registrable
    returning domain
)
select domain from removed union select domain from added
