-- New submissions; one that is already here (the task came again under another id) is left as it is.
insert into submissions (order_id, attempt, province, account, sealed, created_at)
select order_id, attempt, province, $5, sealed, $6
from unnest($1::uuid[], $2::integer[], $3::text[], $4::bytea[]) as new (order_id, attempt, province, sealed)
on conflict on constraint submissions_once do nothing
returning id, order_id
