-- The latest answers to these questions that were given since a time of their own. One look into the index for each
-- question, however few answers the planner believes there are.
select a.authority, a.question, a.wrapped_key, a.answer, a.asked_at
from unnest($1::text[], $2::bytea[], $3::timestamptz[]) as q (authority, question, since)
cross join lateral (
    select * from answers where authority = q.authority and question = q.question and asked_at >= q.since limit 1
) as a
