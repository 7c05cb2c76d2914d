-- The bureau has the file: the file, the counter and the queue move on together, or nothing does.
with file as (
    update upload_files set state = 'accepted', accepted_at = $4, last_answer = $5
    where id = $1 and state = $6
    returning account, sequence
)
update accounts set last_accepted = file.sequence, stopped_reason = null, stopped_at = null
from file
where accounts.name = file.account and file.account = $2 and accounts.last_accepted = file.sequence - 1
    and file.sequence = $3
