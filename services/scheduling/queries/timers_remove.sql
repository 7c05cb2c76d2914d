-- Removes the timers of these keys that have not fired.
delete from timers
where id = any(array(
    select found.id
    from unnest($1::text[], $2::text[]) as asked (owner, key)
    cross join lateral (
        select id from timers where owner = asked.owner and key = asked.key and fired_at is null offset 0
    ) as found
))
