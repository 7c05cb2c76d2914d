-- Services on record here, by their domains.
select asked.place, asked.domain, service.number as service_number, organiser.number as organiser_number
from unnest($1::text[]) with ordinality as asked (domain, place)
join archive_domains as known on known.domain = asked.domain
join archive_services as service on service.id = known.service_id and service.status = 'filed'
join archive_organisers as organiser on organiser.id = service.organiser_id
