-- Notes, with the change itself, that requests are carried out; none whose key a repetition has taken over.
update keyed_requests kept
set carried_out_at = now(), location = given.location
from unnest($1::uuid[], $2::text[]) as given (id, location)
where kept.id = given.id
returning kept.id
