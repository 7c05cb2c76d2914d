-- Names of units from before they were found by them; an order that was quicker stays.
update archive_organisers set name = given.name, name_key = given.name_key
from unnest($1::uuid[], $2::text[], $3::text[]) as given (id, name, name_key)
where archive_organisers.id = any($1) and archive_organisers.id = given.id and archive_organisers.name is null
