insert into parts (isp_id, submission_id, kind, service_index)
select isp_id, submission_id, kind, service_index
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::integer[]) as part (isp_id, submission_id, kind, service_index)
