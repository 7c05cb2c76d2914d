-- Entitlements go the way of their orders. What was not carried to the bureau comes free when its order ends; what was
-- carried and not filed is used up.
with given as (
    select * from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::text[])
        as t (order_id, step, numbers, at, actor)
),
verdicts as (
    select held.id, given.at, given.actor, given.numbers ->> held.service_index as number,
           case
               when given.step = 'approved' and given.numbers ->> held.service_index is not null then 'filed'
               when given.step in ('passed', 'received') then 'in_filing'
               when given.step = 'returned' and not held.is_carried then 'bound'
               when given.step = 'returned' then 'in_filing'
               when held.is_carried and given.step = 'ended' then 'invalid'
               else 'unbound'
           end as status,
           held.is_carried or given.step = 'received' as is_carried
    from given join entitlements held on held.order_id = given.order_id
    where held.status in ('bound', 'in_filing')
),
changed as (
    update entitlements
    set status = verdicts.status,
        is_carried = verdicts.is_carried and verdicts.status <> 'unbound',
        service_number = case when verdicts.status = 'filed' then verdicts.number end,
        reason = case when verdicts.status = 'invalid' then 'its order ended after it was carried to the bureau' else '' end,
        order_id = case when verdicts.status <> 'unbound' then entitlements.order_id end,
        service_index = case when verdicts.status <> 'unbound' then entitlements.service_index end,
        updated_at = verdicts.at
    from verdicts
    where entitlements.id = verdicts.id
      and (entitlements.status, entitlements.is_carried) is distinct from (verdicts.status, verdicts.is_carried)
    returning entitlements.id, verdicts.at, verdicts.actor, verdicts.status, coalesce(verdicts.number, '') as number
)
insert into entitlement_history (entitlement_id, at, actor, event, detail)
select id, at, actor, case status when 'unbound' then 'released' else status end, number from changed
