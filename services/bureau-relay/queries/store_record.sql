-- The record is written: the sealed original goes, the record waits for an upload.
update submissions
set state = 'waiting', sealed = null, wrapped_key = $2, record_cipher = $3, record_bytes = $4, service_ids = $5,
    waiting_since = $6, own_objects = $7
where id = $1 and state = 'preparing'
