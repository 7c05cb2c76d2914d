-- Keeps answers; a later one replaces an earlier one, never the other way round.
insert into answers (authority, question, wrapped_key, answer, reference, asked_at)
select * from unnest($1::text[], $2::bytea[], $3::bytea[], $4::bytea[], $5::text[], $6::timestamptz[])
    as t (authority, question, wrapped_key, answer, reference, asked_at)
order by authority, question
on conflict (authority, question) do update
set wrapped_key = excluded.wrapped_key, answer = excluded.answer,
    reference = excluded.reference, asked_at = excluded.asked_at
where answers.asked_at < excluded.asked_at
