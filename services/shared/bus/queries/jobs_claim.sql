-- Claims due jobs of one kind with a lease.
update jobs
set leased_until = $3, attempts = attempts + 1
where id in (
    select id from jobs
    where kind = $1 and not failed and run_at <= $4 and (leased_until is null or leased_until < $4)
    order by run_at
    limit $2
    for update skip locked
)
returning id, key, payload, attempts, traceparent
