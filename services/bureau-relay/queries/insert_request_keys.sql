-- The keys of requests. A key that another submission of the account still waits for is left out.
insert into request_keys (submission_id, account, operation, key)
select submissions.id, submissions.account, new.operation, new.key
from unnest($1::bigint[], $2::integer[], $3::text[]) as new (submission_id, operation, key)
join submissions on submissions.id = new.submission_id
order by submissions.account, new.operation, new.key, submissions.id
on conflict do nothing
returning submission_id
