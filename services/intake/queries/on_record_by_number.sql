-- Organisers on record here, by their number, also by a former one: the account that holds the record, and how many
-- services and domains they have.
select asked.place, organiser.number, organiser.account, held.services, held.domains
from unnest($1::text[]) with ordinality as asked (number, place)
join archive_numbers as known on known.number = asked.number and not known.is_service
join archive_organisers as organiser on organiser.id = known.record_id and organiser.status = 'filed'
cross join lateral (
    select count(distinct service.id) as services, count(domain.domain) as domains
    from archive_services as service
    left join archive_domains as domain on domain.service_id = service.id
    where service.organiser_id = organiser.id and service.status = 'filed'
) as held
