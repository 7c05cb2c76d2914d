-- The filings of an account that results are about: by the keys of their requests (one that still waits goes before one
-- that has its end), by our ids and the bureau's names of what was filed, or by the name of their upload. One look into
-- an index for each of these, however many filings there are.
with about as (
    select named.submission_id as id
    from unnest($1::integer[], $2::text[]) as wanted (operation, key)
    cross join lateral (
        select submission_id from request_keys
        where account = $6 and operation = wanted.operation and key = wanted.key
        order by is_open desc, submission_id desc
        limit 1
    ) as named
    union
    select part.submission_id
    from unnest($3::bigint[]) as wanted (isp_id)
    cross join lateral (select submission_id from parts where isp_id = wanted.isp_id offset 0) as part
    union
    select submission_id from request_keys where account = $6 and is_open and key = any($4)
    union
    select filed.id
    from unnest($5::text[]) as wanted (entry_name)
    cross join lateral (
        select id from upload_files where account = $6 and entry_name = wanted.entry_name offset 0
    ) as file
    cross join lateral (select id from submissions where file_id = file.id offset 0) as filed
)
select s.id, s.order_id, s.attempt, s.province, s.traceparent, s.state, s.expected::text as expected,
       s.reply::text as reply, s.received_told, f.sequence, f.entry_name, f.filings,
       array(select p.isp_id from parts p where p.submission_id = s.id) as isp_ids
from submissions s
left join upload_files f on f.id = s.file_id
where s.id = any(array(select id from about)) and s.account = $6
order by s.id
for update of s
