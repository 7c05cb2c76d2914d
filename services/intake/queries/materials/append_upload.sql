-- Appends parts to the upload $1 if it still stands at $2 bytes; answers where it stands then.
with moved as (
    update uploads set received_bytes = $3
    where id = $1 and received_bytes = $2 and finished_at is null
    returning id
)
insert into upload_parts (upload_id, start_byte, size_bytes, object)
select moved.id, parts.start_byte, parts.size_bytes, parts.object
from moved, unnest($4::bigint[], $5::integer[], $6::text[]) as parts (start_byte, size_bytes, object)
