-- Binds a code to one service of an order; another one that was bound to it comes free.
with wanted as (
    select id from entitlements
    where code_index = $1 and account = $2 and status = 'unbound' and (expires_at is null or expires_at > $5)
    for update
),
released as (
    update entitlements
    set status = 'unbound', order_id = null, service_index = null, updated_at = $5
    where order_id = $3 and service_index = $4 and status = 'bound' and exists (select from wanted)
    returning id
)
insert into entitlement_history (entitlement_id, at, actor, event, detail)
select id, $5, $6, 'released', 'another one was bound' from released
