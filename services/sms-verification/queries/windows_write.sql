-- Stores windows that have changed.
insert into windows (order_id, attempt, province, state, reason, opened_at, deadline_at, reminded_hours, persons)
select * from unnest(
    $1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::integer[],
    $9::bytea[])
on conflict (order_id) do update
set attempt = excluded.attempt, province = excluded.province, state = excluded.state, reason = excluded.reason,
    opened_at = excluded.opened_at, deadline_at = excluded.deadline_at, reminded_hours = excluded.reminded_hours,
    persons = excluded.persons
