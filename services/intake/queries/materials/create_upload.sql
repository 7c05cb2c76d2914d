-- A new upload, unless the order has $10 unfinished ones already.
insert into uploads (id, order_id, kind, service_index, media_type, length_bytes, received_bytes, key, created_at,
                     expires_at)
select $1, $2, $3, $4, $5, $6, 0, $7, $8, $9
where (select count(*) from uploads where order_id = $2 and finished_at is null and expires_at > $8) < $10
