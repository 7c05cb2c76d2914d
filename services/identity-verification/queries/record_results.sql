-- Outcomes, checks and evidence of a batch, in one round trip.
with outcomes as (
    update verifications v
    set verified_at = $1, outcome = t.outcome, checks = t.checks
    from unnest($2::uuid[], $3::integer[], $4::text[], $5::jsonb[]) as t (order_id, attempt, outcome, checks)
    where v.order_id = t.order_id and v.attempt = t.attempt
)
insert into evidence (order_id, attempt, id, content, taken_at)
select order_id, attempt, id, content, $1
from unnest($6::uuid[], $7::integer[], $8::uuid[], $9::bytea[]) as t (order_id, attempt, id, content)
