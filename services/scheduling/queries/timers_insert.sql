-- Stores timers. One that has fired is set again only if it is asked for at another time.
insert into timers (owner, key, name, fire_at, order_id, traceparent)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::text[])
on conflict (owner, key, name) do update
set fire_at = excluded.fire_at, order_id = excluded.order_id, traceparent = excluded.traceparent, fired_at = null
where timers.fire_at <> excluded.fire_at
