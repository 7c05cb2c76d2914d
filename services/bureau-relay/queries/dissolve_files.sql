-- Files with one of these attempts that were written down and not sent. The number is free again, the content goes.
update upload_files
set state = 'refused', last_answer = 'given up: a filing in it was withdrawn', wrapped_key = null, container_cipher = null
where state = 'ready' and id in (
    select file_id from submissions
    join unnest($1::uuid[], $2::integer[]) as asked (order_id, attempt) using (order_id, attempt)
    where state = 'in_file'
)
returning id
