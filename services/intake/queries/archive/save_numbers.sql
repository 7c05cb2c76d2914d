-- Numbers begin, and those that the records had before end.
with given as (
    select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::timestamptz[])
        as t (number, organiser_id, service_id, since)
),
ended as (
    update archive_numbers
    set until = given.since
    from given
    where archive_numbers.until is null and archive_numbers.number <> given.number
      and case when given.service_id is null
               then archive_numbers.service_id is null and archive_numbers.organiser_id = given.organiser_id
               else archive_numbers.service_id = given.service_id end
)
insert into archive_numbers (number, organiser_id, service_id, since)
select * from given
on conflict (number) do update
set organiser_id = excluded.organiser_id, service_id = excluded.service_id, since = excluded.since, until = null
