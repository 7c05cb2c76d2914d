-- Records are written: the sealed originals go, the records wait for an upload.
update submissions s
set state = 'waiting', sealed = null, wrapped_key = new.wrapped_key, record_cipher = new.record_cipher,
    record_bytes = new.record_bytes, expected = new.expected::jsonb, waiting_since = $8,
    own_objects = array(select jsonb_array_elements_text(new.own_objects::jsonb)), records = new.records
from unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::integer[], $5::text[], $6::text[], $7::integer[])
    as new (id, wrapped_key, record_cipher, record_bytes, expected, own_objects, records)
where s.id = new.id and s.state = 'preparing'
returning s.id
