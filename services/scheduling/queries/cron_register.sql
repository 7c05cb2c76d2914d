-- Makes a job known; a changed schedule starts anew.
insert into cron_jobs (name, schedule, next_due_at) values ($1, $2, $3)
on conflict (name) do update set schedule = excluded.schedule, next_due_at = excluded.next_due_at
where cron_jobs.schedule <> excluded.schedule
