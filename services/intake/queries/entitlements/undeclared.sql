-- Codes of services that an amendment took out ($2 is how many are left) come free; those that were carried to the
-- bureau are used up.
with given as (
    select * from unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::text[]) as t (order_id, services, at, actor)
),
changed as (
    update entitlements
    set status = case when is_carried then 'invalid' else 'unbound' end,
        reason = case when is_carried then 'its service was taken out after it was carried to the bureau' else '' end,
        order_id = case when is_carried then entitlements.order_id end,
        service_index = case when is_carried then entitlements.service_index end,
        updated_at = given.at
    from given
    where entitlements.order_id = given.order_id and entitlements.service_index >= given.services
        and entitlements.status in ('bound', 'in_filing')
    returning entitlements.id, given.at, given.actor, entitlements.status
)
insert into entitlement_history (entitlement_id, at, actor, event, detail)
select id, at, actor, case status when 'unbound' then 'released' else status end, 'its service was taken out'
from changed
