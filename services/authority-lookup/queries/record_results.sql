-- Outcomes and results of a batch, in one round trip.
with outcomes as (
    update lookups l
    set answered_at = $1, outcome = t.outcome
    from unnest($2::uuid[], $3::integer[], $4::text[]) as t (order_id, attempt, outcome)
    where l.order_id = t.order_id and l.attempt = t.attempt
)
insert into results (order_id, attempt, ordinal, authority, field, result, reference, asked_at)
select order_id, attempt, ordinal, authority, field, result, reference, asked_at
from unnest($5::uuid[], $6::integer[], $7::integer[], $8::text[], $9::text[], $10::text[], $11::text[],
        $12::timestamptz[]) as t (order_id, attempt, ordinal, authority, field, result, reference, asked_at)
