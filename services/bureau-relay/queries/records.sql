-- Encrypted records in the given order.
select s.id, s.order_id, s.attempt, s.province, s.traceparent, s.wrapped_key, s.record_cipher
from unnest($1::bigint[]) with ordinality as wanted (id, position)
join submissions s on s.id = wanted.id
where s.state = 'waiting'
order by wanted.position
