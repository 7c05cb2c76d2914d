-- What a notice of removal names, as it was told here. An access goes by the number of its service.
select removed.kind, coalesce(removed.filing_number, service.filing_number) as number, removed.is_own
from bureau_records removed
left join bureau_records service
  on removed.kind = 'access' and service.account = removed.account and service.kind = 'service'
  and service.bureau_id = removed.service_id
where removed.account = $1 and removed.bureau_id = $2 and removed.kind in ('organiser', 'service', 'access')
