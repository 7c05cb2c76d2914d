-- What the bureau said. At the end the personal data goes: without its key nothing of it can be read.
with ended as (
    update request_keys set is_open = false where submission_id = $1 and is_open and $4::timestamptz is not null
)
update submissions
set reply = $2::jsonb, state = $3, ended_at = $4, received_told = true,
    sealed = case when $4::timestamptz is null then sealed end,
    wrapped_key = case when $4::timestamptz is null then wrapped_key end,
    record_cipher = case when $4::timestamptz is null then record_cipher end
where id = $1 and ended_at is null
