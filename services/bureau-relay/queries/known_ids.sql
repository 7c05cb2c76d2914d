-- The bureau's ids of the records with these numbers, and of the parts of the services among them.
select named.filing_number as of_number, part.kind, part.bureau_id, part.name
from bureau_records named
join bureau_records part
  on part.account = named.account
  and ((part.kind = named.kind and part.bureau_id = named.bureau_id)
       or (named.kind = 'service' and part.service_id = named.bureau_id and part.kind <> 'service'))
where named.account = $1 and named.filing_number = any($2) and named.kind in ('organiser', 'service') and part.is_own
order by part.bureau_id
