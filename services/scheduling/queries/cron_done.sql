-- Records an occurrence that was done.
update cron_jobs set last_due_at = next_due_at, last_run_at = $2, next_due_at = $3
where name = $1
