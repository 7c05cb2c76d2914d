-- The organisers that a batch concerns: by their own numbers, or by numbers of their services, former ones too. Locked in
-- the sequence of their ids, so that two batches cannot lock each other out. Ids are an array, so that each part goes by
-- its index.
select id, number, bureau_id, province, nature, name, certificate_index, account, status, order_id, content, data_key,
       filed_at, updated_at,
       array(
           select known.key from archive_numbers known
           where known.record_id = archive_organisers.id and known.until is not null
       ) as former
from archive_organisers
where id = any(array(
    select record_id from archive_numbers where key = any($1) and not is_service
    union
    select service.organiser_id
    from archive_numbers known join archive_services service on service.id = known.record_id
    where known.key = any($2) and known.is_service
))
order by id
for update
