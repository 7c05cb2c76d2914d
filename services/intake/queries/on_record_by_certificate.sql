-- Organisers on record here, by the keyed digest of their certificate number.
select asked.place, organiser.number, organiser.account, held.services, held.domains
from unnest($1::bytea[]) with ordinality as asked (organiser_index, place)
join archive_organisers as organiser
    on organiser.certificate_index = asked.organiser_index and organiser.status = 'filed'
cross join lateral (
    select count(distinct service.id) as services, count(domain.domain) as domains
    from archive_services as service
    left join archive_domains as domain on domain.service_id = service.id
    where service.organiser_id = organiser.id and service.status = 'filed'
) as held
