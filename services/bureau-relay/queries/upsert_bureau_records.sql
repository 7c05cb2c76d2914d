-- What the bureau says it has on record.
insert into bureau_records (account, kind, bureau_id, organiser_id, service_id, filing_number, name, is_own)
select $1, kind, bureau_id, organiser_id, service_id, filing_number, name, is_own
from unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::boolean[])
    as said (kind, bureau_id, organiser_id, service_id, filing_number, name, is_own)
on conflict on constraint bureau_records_pk do update
set organiser_id = excluded.organiser_id,
    service_id = excluded.service_id,
    filing_number = coalesce(excluded.filing_number, bureau_records.filing_number),
    name = excluded.name,
    is_own = excluded.is_own
