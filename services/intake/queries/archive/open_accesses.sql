-- Accesses begin. Lists come as text, because an array of arrays has no rows. An access whose id the bureau did not
-- tell again keeps the one that it had.
insert into archive_accesses (id, service_id, bureau_id, methods, server_places, addresses, since)
select gen_random_uuid(), given.service_id,
       coalesce(given.bureau_id, (
           select former.bureau_id from archive_accesses former
           where former.service_id = given.service_id and former.until = given.since
       )),
       string_to_array(given.methods, ' ')::integer[], string_to_array(given.server_places, ' ')::integer[],
       string_to_array(given.addresses, ' '), given.since
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
    as given (service_id, bureau_id, methods, server_places, addresses, since)
