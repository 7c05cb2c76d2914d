-- Marks due timers as fired, oldest first; replicas share the work.
update timers set fired_at = $1
where id in (
    select id from timers
    where fired_at is null and fire_at <= $1
    order by fire_at, id
    limit $2
    for update skip locked
)
returning owner, key, name, fire_at, order_id, traceparent
