-- Imports that ended before $1; at most $2, the oldest first.
delete from imports
where id in (select id from imports where ended_at < $1 order by ended_at limit $2 for update skip locked)
