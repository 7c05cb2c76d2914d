-- The organisers that a batch concerns: by their own numbers, or by numbers of their services. Locked in the sequence
-- of their ids, so that two batches cannot lock each other out. Ids are an array, so that each part goes by its index.
select id, number, bureau_id, province, nature, certificate_index, account, status, order_id, content, data_key,
       filed_at, updated_at
from archive_organisers
where id = any(array(
    select id from archive_organisers where number = any($1)
    union
    select organiser_id from archive_services where number = any($2)
))
order by id
for update
