-- The wrapped key of each order: the given one for orders that have none yet. The idle update makes the
-- statement return existing rows too.
insert into data_keys (order_id, wrapped_key)
select order_id, wrapped_key from unnest($1::uuid[], $2::bytea[]) as t (order_id, wrapped_key)
order by order_id
on conflict (order_id) do update set order_id = excluded.order_id
returning order_id, wrapped_key
