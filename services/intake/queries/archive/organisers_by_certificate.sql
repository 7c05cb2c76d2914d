-- Organisers on record here, by the keyed digest of their certificate number.
select asked.place, organiser.*
from unnest($1::bytea[]) with ordinality as asked (organiser_index, place)
join archive_organisers as organiser
    on organiser.certificate_index = asked.organiser_index and organiser.status = 'filed'
