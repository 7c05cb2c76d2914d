-- A filing whose file broke the schema because of some other filing waits again, for a file of its own.
update submissions
set state = 'waiting', file_id = null, alone = true, waiting_since = $2, received_told = true
where id = $1 and state in ('in_file', 'at_bureau')
