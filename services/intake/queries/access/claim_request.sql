-- Makes a key the caller's to work under: nobody has used it, its time is over, or the same request broke off before it
-- changed anything.
insert into keyed_requests as kept (key_index, id, digest, leased_until, expires_at)
values ($1, $2, $3, now() + make_interval(secs => $4), now() + make_interval(secs => $5))
on conflict (key_index) do update
set id = excluded.id, digest = excluded.digest, leased_until = excluded.leased_until, expires_at = excluded.expires_at,
    carried_out_at = null, location = null, status = null, headers = null, answer = null, data_key = null
where kept.expires_at <= now()
   or (kept.digest = excluded.digest and kept.carried_out_at is null and kept.answer is null
       and kept.leased_until <= now())
