-- Deletes timers that fired before a time.
delete from timers
where id in (select id from timers where fired_at < $1 limit $2)
