-- Open accesses of services end.
update archive_accesses
set until = given.until
from unnest($1::uuid[], $2::timestamptz[]) as given (service_id, until)
where archive_accesses.service_id = given.service_id and archive_accesses.until is null
