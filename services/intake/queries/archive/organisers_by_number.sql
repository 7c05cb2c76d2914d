-- Organisers on record here, by their number, also by a former one.
select asked.place, organiser.*
from unnest($1::text[]) with ordinality as asked (number, place)
join archive_numbers as known on known.number = asked.number and not known.is_service
join archive_organisers as organiser on organiser.id = known.record_id and organiser.status = 'filed'
