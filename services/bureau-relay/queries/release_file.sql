-- The filings of a refused file wait again, each for a file of its own.
update submissions
set state = 'waiting', file_id = null, alone = true
where file_id = $1 and state = 'in_file'
returning order_id
