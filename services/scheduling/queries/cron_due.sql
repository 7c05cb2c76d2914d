-- The occurrence that is due.
select next_due_at from cron_jobs where name = $1 and next_due_at <= $2
