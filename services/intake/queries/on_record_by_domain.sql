-- Services on record here, by their domains.
select asked.domain, filed_services.service_number, filed_services.organiser_number
from unnest($1::text[]) as asked (domain)
join filed_services on filed_services.domains @> array[asked.domain]
