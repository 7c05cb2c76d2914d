-- Notes the newest wish for each key; returns the keys for which these wishes are newer than what was known.
insert into timer_sets (owner, key, message_id, changed_at)
select owner, key, message_id, $4
from unnest($1::text[], $2::text[], $3::uuid[]) as t (owner, key, message_id)
on conflict (owner, key) do update set message_id = excluded.message_id, changed_at = excluded.changed_at
where timer_sets.message_id < excluded.message_id
returning owner, key
