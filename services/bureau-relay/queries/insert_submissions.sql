-- New submissions; one that is already here (the task came again under another id) is left as it is.
insert into submissions (order_id, attempt, province, account, sealed, created_at, traceparent)
select order_id, attempt, province, $5, sealed, $6, traceparent
from unnest($1::uuid[], $2::integer[], $3::text[], $4::bytea[], $7::text[])
    as new (order_id, attempt, province, sealed, traceparent)
on conflict on constraint submissions_once do nothing
returning id, order_id
