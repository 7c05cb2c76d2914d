-- The services that a batch names, and all services of the organisers in $2. Contents stay where they are.
select id, organiser_id, number, bureau_id, kind, name, province, account, status, is_connected, order_id, filed_at,
       updated_at
from archive_services
where id = any(array(
    select id from archive_services where number = any($1)
    union
    select service.id
    from archive_organisers organiser join archive_services service on service.organiser_id = organiser.id
    where organiser.number = any($2)
))
order by id
for update
