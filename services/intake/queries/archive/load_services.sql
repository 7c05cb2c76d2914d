-- The services that a batch names, and all services of the organisers in $2, by former numbers too. Contents stay where
-- they are.
select id, organiser_id, number, bureau_id, kind, name, province, account, status, is_connected, order_id, filed_at,
       updated_at,
       array(
           select known.key from archive_numbers known
           where known.record_id = archive_services.id and known.until is not null
       ) as former
from archive_services
where id = any(array(
    select record_id from archive_numbers where key = any($1) and is_service
    union
    select service.id
    from archive_numbers known join archive_services service on service.organiser_id = known.record_id
    where known.key = any($2) and not known.is_service
))
order by id
for update
