-- The filings of an account that results are about: by the keys of their requests (one that still waits goes before one
-- that has its end), by our ids and the bureau's names of what was filed, or by the name of their upload.
with named as (
    select distinct on (k.operation, k.key) k.submission_id
    from unnest($1::integer[], $2::text[]) as wanted (operation, key)
    join request_keys k on k.account = $6 and k.operation = wanted.operation and k.key = wanted.key
    order by k.operation, k.key, k.is_open desc, k.submission_id desc
)
select s.id, s.order_id, s.attempt, s.province, s.traceparent, s.state, s.expected::text as expected,
       s.reply::text as reply, s.received_told, f.sequence, f.entry_name, f.filings,
       array(select p.isp_id from parts p where p.submission_id = s.id) as isp_ids
from submissions s
left join upload_files f on f.id = s.file_id
where s.account = $6
    and (
        s.id in (
            select submission_id from named
            union select submission_id from parts where isp_id = any($3)
            union select submission_id from request_keys where account = $6 and is_open and key = any($4)
        )
        or f.entry_name = any($5)
    )
order by s.id
for update of s
