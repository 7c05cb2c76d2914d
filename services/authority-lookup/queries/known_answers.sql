-- The latest answers to these questions that were given since a time of their own.
select a.authority, a.question, a.wrapped_key, a.answer, a.asked_at
from unnest($1::text[], $2::bytea[], $3::timestamptz[]) as q (authority, question, since)
join answers a on a.authority = q.authority and a.question = q.question and a.asked_at >= q.since
