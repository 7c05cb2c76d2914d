-- Makes room for a code that is bound to one service of an open order: another one that was bound to it comes free, or is
-- used up where it was carried to the bureau.
with wanted as (
    select id from entitlements
    where code_index = $1 and account = $2 and status = 'unbound' and (expires_at is null or expires_at > $5)
    for update
),
replaced as (
    update entitlements
    set status = case when is_carried then 'invalid' else 'unbound' end,
        reason = case when is_carried then 'another one was bound after it was carried to the bureau' else '' end,
        order_id = case when is_carried then order_id end,
        service_index = case when is_carried then service_index end,
        updated_at = $5
    where order_id = $3 and service_index = $4 and status in ('bound', 'in_filing') and exists (select from wanted)
    returning id, status
)
insert into entitlement_history (entitlement_id, at, actor, event, detail)
select id, $5, $6, case status when 'unbound' then 'released' else status end, 'another one was bound' from replaced
