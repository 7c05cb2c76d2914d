-- The filings of an accepted file that were not yet told to be received.
update submissions
set state = case when state = 'in_file' then 'at_bureau' else state end, received_told = true
where file_id = $1 and not received_told
returning order_id, attempt, province, traceparent
