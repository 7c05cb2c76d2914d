-- Numbers begin, and those that the records had before end.
with given as (
    select * from unnest($1::text[], $2::text[], $3::uuid[], $4::boolean[], $5::timestamptz[])
        as t (number, key, record_id, is_service, since)
),
ended as (
    update archive_numbers
    set until = given.since
    from given
    where archive_numbers.record_id = given.record_id and archive_numbers.key <> given.key
      and archive_numbers.until is null
)
insert into archive_numbers (number, key, record_id, is_service, since)
select * from given
on conflict (key) do update
set number = excluded.number, record_id = excluded.record_id, is_service = excluded.is_service,
    since = excluded.since, until = null
