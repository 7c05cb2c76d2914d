-- Appends linked entries to the trail.
insert into audit_trail (seq, at, actor, role, action, object, detail, previous, hash)
select * from unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::bytea[], $9::bytea[])
