-- Differences, anew: of the organisers in $1 all, of others what is said of the organisers $2 themselves and of their
-- services $3. One that was known keeps the time at which it was found.
with named as (
    select * from unnest($2::text[], $3::text[]) as t (organiser_number, service_number)
),
given as (
    select * from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
        as t (organiser_number, service_number, field, archived, at_bureau)
),
mended as (
    delete from archive_differences known
    where (
          known.organiser_number = any($1)
          or (known.organiser_number, known.service_number) in (select organiser_number, service_number from named)
      )
      and not exists (
          select from given
          where given.organiser_number = known.organiser_number and given.service_number = known.service_number
            and given.field = known.field
      )
)
insert into archive_differences (organiser_number, service_number, field, archived, at_bureau, found_at)
select given.*, $9 from given
on conflict (organiser_number, service_number, field) do update
set archived = excluded.archived, at_bureau = excluded.at_bureau
