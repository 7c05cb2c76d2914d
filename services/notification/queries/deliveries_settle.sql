-- Records how deliveries ended; returns those that were still waiting.
update deliveries d
set state = t.state, gateway_id = t.gateway_id, reason = t.reason, settled_at = $5
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as t (id, state, gateway_id, reason)
where d.id = t.id and d.state = 'waiting'
returning d.id
