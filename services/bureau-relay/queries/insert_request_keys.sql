-- The keys of a submission's requests. A key that another submission of its account still waits for is left out.
insert into request_keys (submission_id, account, operation, key)
select submissions.id, submissions.account, new.operation, new.key
from submissions, unnest($2::integer[], $3::text[]) as new (operation, key)
where submissions.id = $1
on conflict do nothing
