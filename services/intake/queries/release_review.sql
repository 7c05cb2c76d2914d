-- Gives a claim back; $2 narrows it to that reviewer's own.
with released as (
    delete from review_claims where order_id = $1 and ($2::text is null or reviewer = $2)
    returning order_id, reviewer
)
insert into audit_pending (at, actor, role, action, object, detail)
select $3, $4, $5, 'review.released', 'order ' || order_id, json_build_object('reviewer', reviewer) from released
