-- What identifies the apps of services, anew.
with removed as (
    delete from archive_apps
    where service_id = any($1)
      and not exists (
          select from unnest($2::uuid[], $3::text[], $4::text[]) as given (service_id, platform, package)
          where given.service_id = archive_apps.service_id and given.platform = archive_apps.platform
            and given.package = archive_apps.package
      )
)
insert into archive_apps (service_id, platform, package)
select * from unnest($2::uuid[], $3::text[], $4::text[])
on conflict do nothing
