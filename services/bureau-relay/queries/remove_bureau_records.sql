-- What was taken off the record, with everything below it.
delete from bureau_records
where account = $1
  and ((kind = $2 and bureau_id = $3)
       or ($2 = 'organiser' and organiser_id = $3)
       or ($2 = 'service' and service_id = $3))
