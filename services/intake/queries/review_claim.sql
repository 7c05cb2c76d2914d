-- The claim that holds on an order at $2.
select claim.reviewer, claim.until
from review_claims claim
join orders on orders.id = claim.order_id
where claim.order_id = $1 and claim.until > $2 and claim.claimed_at >= orders.phase_since
  and orders.phase = 'provider_review'
