-- Messages, journal entries and jobs of one transaction, in one round trip.
with written_journal as (
    insert into journal (order_id, at, what, why)
    select order_id, $1, what, why from unnest($8::uuid[], $9::text[], $10::text[]) as t (order_id, what, why)
),
written_jobs as (
    insert into jobs (kind, key, payload, run_at, traceparent)
    select * from unnest($11::text[], $12::text[], $13::bytea[], $14::timestamptz[], $15::text[])
)
insert into outbox (id, subject, kind, key, traceparent, payload, created_at)
select id, subject, kind, key, traceparent, payload, $1
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[])
    as t (id, subject, kind, key, traceparent, payload)
