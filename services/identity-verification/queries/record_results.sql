-- Outcomes, checks and evidence of a batch, in one round trip.
with outcomes as (
    update verifications v
    set verified_at = $1, outcome = t.outcome
    from unnest($2::uuid[], $3::integer[], $4::text[]) as t (order_id, attempt, outcome)
    where v.order_id = t.order_id and v.attempt = t.attempt
),
new_evidence as (
    insert into evidence (order_id, attempt, id, content, taken_at)
    select order_id, attempt, id, content, $1
    from unnest($5::uuid[], $6::integer[], $7::uuid[], $8::bytea[]) as t (order_id, attempt, id, content)
)
insert into checks (order_id, attempt, ordinal, name, subject, passed, evidence_id)
select order_id, attempt, ordinal, name, subject, passed, evidence_id
from unnest($9::uuid[], $10::integer[], $11::integer[], $12::text[], $13::text[], $14::boolean[], $15::uuid[])
    as t (order_id, attempt, ordinal, name, subject, passed, evidence_id)
