-- Duplicates and differences as one list, by kind and what they are about. Each part goes along a small index of what
-- is at fault.
select kind, key, numbers, field, archived, at_bureau, found_at
from (
    (
        select 'certificate' as kind, min(number) as key, array_agg(number order by number) as numbers,
               'organiser.certificate' as field, '' as archived, '' as at_bureau, max(updated_at) as found_at
        from archive_organisers
        where shares_certificate
        group by certificate_index
    )
    union all
    (
        select 'difference', concat_ws(' ', organiser_number, service_number, field),
               array_remove(array[organiser_number, service_number], ''), field, archived, at_bureau, found_at
        from archive_differences
    )
    union all
    (
        select 'domain', held.domain, array_agg(service.number order by service.number), 'domains', held.domain, '',
               max(service.updated_at)
        from archive_domains held join archive_services service on service.id = held.service_id
        where held.is_shared
        group by held.domain
    )
) as mismatch (kind, key, numbers, field, archived, at_bureau, found_at)
where ($1::text is null or kind = $1) and ($2::text is null or (kind, key) > ($2, $3))
order by kind, key
limit $4
