-- Entries that tell of no change, such as looks at personal data.
insert into audit_pending (at, actor, role, action, object, detail)
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
