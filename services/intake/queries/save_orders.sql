-- New states and their events, only where nobody else was faster (version).
with changed as (
    update orders
    set version = t.version, phase = t.phase, attempt = t.attempt, state = t.state, updated_at = $1
    from unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::integer[], $7::jsonb[])
        as t (id, from_version, version, phase, attempt, state)
    where orders.id = t.id and orders.version = t.from_version
    returning orders.id
),
written as (
    insert into order_history (order_id, version, at, actor, event)
    select e.order_id, e.version, $1, e.actor, e.event
    from unnest($8::uuid[], $9::bigint[], $10::text[], $11::jsonb[]) as e (order_id, version, actor, event)
    join changed on changed.id = e.order_id
)
select count(*) from changed
