-- Deletes the marks of keys that were changed before a time and have no timers.
delete from timer_sets
where (owner, key) in (
    select s.owner, s.key from timer_sets s
    where s.changed_at < $1
      and not exists (select 1 from timers t where t.owner = s.owner and t.key = s.key)
    limit $2
)
