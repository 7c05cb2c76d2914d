-- Removes the timers of these keys that have not fired.
delete from timers
using unnest($1::text[], $2::text[]) as t (owner, key)
where timers.owner = t.owner and timers.key = t.key and timers.fired_at is null
