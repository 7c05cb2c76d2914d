-- Orders that wait for a reviewer, with the claim that holds at $1; the conditions follow.
select orders.id, orders.account, orders.province, orders.state, orders.domains, orders.organiser_index, orders.content,
       orders.data_key, orders.contact_sealed, orders.persons_sealed, orders.created_at, orders.updated_at,
       orders.phase_since, claim.reviewer, claim.until,
       (select history.at from order_history history
        where history.order_id = orders.id and history.event->>'event' = 'submitted'
        order by history.version desc limit 1) as submitted_at
from orders
left join review_claims claim
    on claim.order_id = orders.id and claim.until > $1 and claim.claimed_at >= orders.phase_since
