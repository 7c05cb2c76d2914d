-- Claims an order that waits for a reviewer, unless somebody else's claim holds.
with claimed as (
    insert into review_claims as held (order_id, reviewer, claimed_at, until)
    select orders.id, $2, $3, $4 from orders where orders.id = $1 and orders.phase = 'provider_review'
    on conflict (order_id) do update
    set reviewer = excluded.reviewer, claimed_at = excluded.claimed_at, until = excluded.until
    where held.reviewer = excluded.reviewer or held.until <= excluded.claimed_at
       or held.claimed_at < (select phase_since from orders where orders.id = held.order_id)
    returning order_id, reviewer, claimed_at
)
insert into audit_pending (at, actor, role, action, object, detail)
select claimed_at, reviewer, 'reviewer', 'review.claimed', 'order ' || order_id, '{}' from claimed
