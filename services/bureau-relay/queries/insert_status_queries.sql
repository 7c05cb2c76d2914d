-- New questions; one that is already here (the task came again under another id) is left as it is.
insert into status_queries (query_id, account, province, sealed, created_at)
select query_id, $4, province, sealed, $5
from unnest($1::text[], $2::text[], $3::bytea[]) as new (query_id, province, sealed)
on conflict on constraint status_queries_pk do nothing
returning query_id
