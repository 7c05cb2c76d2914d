-- Organisers on record here, by the keyed digest of their certificate number. One look into the index for each of them,
-- whatever the planner takes the table for.
select asked.place, organiser.*
from unnest($1::bytea[]) with ordinality as asked (organiser_index, place)
cross join lateral (
    select * from archive_organisers
    where certificate_index = asked.organiser_index and status = 'filed'
    offset 0
) as organiser
