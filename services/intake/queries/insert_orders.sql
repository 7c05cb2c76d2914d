-- New drafts with their first event.
with created as (
    insert into orders (id, account, province, order_type, version, phase, attempt, state, domains, organiser_index,
                        content, data_key, created_at, updated_at, phase_since)
    select id, account, province, order_type, version, phase, 0, state, string_to_array(domains, ' '), organiser_index,
           content, data_key, at, at, at
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::jsonb[], $8::text[],
                $9::bytea[], $10::bytea[], $11::bytea[], $12::timestamptz[])
        as t (id, account, province, order_type, version, phase, state, domains, organiser_index, content, data_key, at)
    returning id, version, created_at
),
written as (
    insert into order_history (order_id, version, at, actor, event)
    select created.id, created.version, created.created_at, first.actor, first.event
    from created
    join unnest($1::uuid[], $13::jsonb[], $14::text[]) as first (id, event, actor) on first.id = created.id
    returning order_id, version, at, actor, event
)
insert into audit_pending (at, actor, role, action, object, detail)
select at, actor, by.role, 'order.' || (event->>'event'), 'order ' || order_id,
       json_build_object('version', version, 'sha256', encode(sha256(convert_to(event::text, 'UTF8')), 'hex'))
from written join unnest($1::uuid[], $15::text[]) as by (id, role) on by.id = written.order_id
