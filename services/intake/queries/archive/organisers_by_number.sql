-- Organisers on record here, by their number, also by a former one. One look into the index for each of them, whatever
-- the planner takes the table for.
select asked.place, organiser.*
from unnest($1::text[]) with ordinality as asked (key, place)
cross join lateral (
    select holder.*
    from archive_numbers as known
    join archive_organisers as holder on holder.id = known.record_id and holder.status = 'filed'
    where known.key = asked.key and not known.is_service
    offset 0
) as organiser
