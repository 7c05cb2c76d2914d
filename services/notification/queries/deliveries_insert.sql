-- Deliveries that wait for their worker.
insert into deliveries (id, order_id, notice, channel, state, created_at)
select id, order_id, notice, channel, 'waiting', $5
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) as t (id, order_id, notice, channel)
