-- Entitlements go the way of their orders. What was not carried to the bureau comes free when its order ends; what was
-- carried and not filed is used up. One that has expired before its order is passed on is not filed with.
with given as (
    select * from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::text[])
        as t (order_id, step, numbers, at, actor)
),
verdicts as (
    select held.id, given.step, given.at, given.actor, given.numbers ->> held.service_index as number,
           case
               when given.step = 'approved' and given.numbers ->> held.service_index is not null then 'filed'
               -- Without a number for its service: the bureau had the order all the same.
               when given.step = 'approved' and (held.is_carried or held.status = 'in_filing') then 'invalid'
               when given.step = 'passed' and held.status = 'bound' and held.expires_at <= given.at then 'invalid'
               when given.step in ('passed', 'received') then 'in_filing'
               when given.step = 'returned' and not held.is_carried then 'bound'
               when given.step = 'returned' then 'in_filing'
               when held.is_carried then 'invalid'
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
        reason = case
            when verdicts.status <> 'invalid' then ''
            when verdicts.step = 'passed' then 'expired'
            when verdicts.step = 'approved' then 'its order was approved without a number for its service'
            else 'its order ended after it was carried to the bureau'
        end,
        order_id = case when verdicts.status <> 'unbound' then entitlements.order_id end,
        service_index = case when verdicts.status <> 'unbound' then entitlements.service_index end,
        updated_at = verdicts.at
    from verdicts
    where entitlements.id = verdicts.id
      and (entitlements.status, entitlements.is_carried) is distinct from (verdicts.status, verdicts.is_carried)
    returning entitlements.id, verdicts.at, verdicts.actor, verdicts.status,
              coalesce(verdicts.number, entitlements.reason) as detail
)
insert into entitlement_history (entitlement_id, at, actor, event, detail)
select id, at, actor, case status when 'unbound' then 'released' else status end, detail from changed
