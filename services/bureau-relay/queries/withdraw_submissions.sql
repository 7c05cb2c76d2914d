-- Attempts that are in no file, and that the bureau never had, end withdrawn, and their personal data goes. One that has
-- not come yet is written down, so that its task finds it withdrawn.
with ended as (
    insert into submissions (order_id, attempt, province, account, state, created_at, ended_at)
    select distinct on (order_id, attempt) order_id, attempt, province, account, 'withdrawn', $5, $5
    from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[]) as asked (order_id, attempt, province, account)
    order by order_id, attempt
    on conflict on constraint submissions_once do update
    set state = 'withdrawn', ended_at = $5, sealed = null, wrapped_key = null, record_cipher = null
    where submissions.state in ('preparing', 'waiting') and not submissions.received_told
    returning id
)
update request_keys set is_open = false
from ended
where request_keys.submission_id = ended.id and request_keys.is_open
