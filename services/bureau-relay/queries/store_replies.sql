-- What the bureau said. At the end the personal data goes: without its key nothing of it can be read.
with said as (
    select * from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[]) as said (id, reply, state, ended_at)
), ended as (
    update request_keys k set is_open = false
    from said
    where k.submission_id = said.id and k.is_open and said.ended_at is not null
)
update submissions s
set reply = said.reply::jsonb, state = said.state, ended_at = said.ended_at, received_told = true,
    sealed = case when said.ended_at is null then sealed end,
    wrapped_key = case when said.ended_at is null then wrapped_key end,
    record_cipher = case when said.ended_at is null then record_cipher end
from said
where s.id = said.id and s.ended_at is null
returning s.id
