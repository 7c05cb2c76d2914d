-- The keys of a submission's requests. A key that another submission still waits for is left out.
insert into request_keys (submission_id, operation, key)
select $1, operation, key from unnest($2::integer[], $3::text[]) as new (operation, key)
on conflict do nothing
