-- Records that wait for an upload, oldest first.
select id, record_bytes, records, waiting_since, alone
from submissions
where account = $1 and state = 'waiting'
order by waiting_since, id
limit $2
