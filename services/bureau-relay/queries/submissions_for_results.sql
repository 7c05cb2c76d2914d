-- The filings that results are about, by the ids that we gave to their parts or by the name of their upload.
select s.id, s.order_id, s.attempt, s.province, s.traceparent, s.state, s.service_ids, s.reply::text as reply, s.received_told,
       f.sequence, f.entry_name, f.filings,
       array(select p.isp_id from parts p where p.submission_id = s.id) as isp_ids
from submissions s
left join upload_files f on f.id = s.file_id
where s.id in (select submission_id from parts where isp_id = any($1)) or f.entry_name = any($2)
order by s.id
for update of s
