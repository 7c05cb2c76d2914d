-- Files whose retention is over; their objects are gone already.
update upload_files set wrapped_key = null, object = null, container_cipher = null where id = any($1)
