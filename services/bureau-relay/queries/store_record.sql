-- The record is written: the sealed original goes, the record waits for an upload.
update submissions
set state = 'waiting', sealed = null, wrapped_key = $2, record_cipher = $3, record_bytes = $4, expected = $5::jsonb,
    waiting_since = $6, own_objects = $7, records = $8
where id = $1 and state = 'preparing'
