-- Services on record here, by their domains.
select asked.place, asked.domain, filed_services.service_number, filed_services.organiser_number
from unnest($1::text[]) with ordinality as asked (domain, place)
join filed_services on filed_services.domains @> array[asked.domain]
