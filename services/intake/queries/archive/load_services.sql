-- The services that a batch names, and all services of the organisers in $2. Contents stay where they are.
select id, organiser_id, number, bureau_id, kind, name, province, account, status, is_connected, order_id, filed_at,
       updated_at
from archive_services
where number = any($1)
   or organiser_id in (select id from archive_organisers where number = any($2))
order by id
for update
