-- The codes that are valid at the times $2 for the orders $1; locked, so that nobody revokes one before the transaction
-- ends.
select held.order_id, held.service_index
from unnest($1::uuid[], $2::timestamptz[]) as given (order_id, at)
join entitlements held on held.order_id = given.order_id
where held.status = 'in_filing' or held.status = 'bound' and (held.expires_at is null or held.expires_at > given.at)
order by held.id
for update of held
