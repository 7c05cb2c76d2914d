update parts
set bureau_id = coalesce(said.bureau_id, parts.bureau_id),
    filing_number = coalesce(said.filing_number, parts.filing_number)
from unnest($2::bigint[], $3::bigint[], $4::text[]) as said (isp_id, bureau_id, filing_number)
where parts.isp_id = said.isp_id and parts.submission_id = $1
