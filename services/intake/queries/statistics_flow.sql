-- What happened from $1 to $2, by month in China and province; the province is null in the line of all provinces.
-- The change of phase before each tells what it means: only what the bureau has taken can be decided by it. V05 is the
-- ministry's SMS that was not confirmed (bureau_results.rs): no decision.
with touched as (
    select distinct order_id from order_history where at >= $1 and at < $2
),
moves as (
    -- Every change of phase of these orders, also before $1, with the one before it.
    select order_id, at, event, stage, is_by_policy, is_sms_timeout,
           lag(event) over (partition by order_id order by version) as entered_with
    from (
        select history.order_id, history.version, history.at, history.event->>'event' as event,
               history.event->>'by' as stage, history.actor like 'policy %' as is_by_policy,
               history.event->>'by' = 'bureau' and history.event->'findings' @> '[{"code": "V05"}]' as is_sms_timeout
        from touched join order_history history on history.order_id = touched.order_id
    ) of_orders
    where event in ('created', 'submitted', 'review_requested', 'returned', 'passed', 'received_by_bureau', 'approved',
                    'cancelled', 'withdrawn', 'expired')
),
happened as (
    select to_char((at at time zone 'UTC') + interval '8 hours', 'YYYY-MM') as month, order_id, is_by_policy,
           case
               when event = 'returned' and stage in ('identity', 'authority') then 'returned_by_checks'
               when event = 'returned' and stage <> 'bureau' then 'returned_by_' || stage
               when event = 'returned' and is_sms_timeout then 'sms_unconfirmed'
               when event = 'returned' and entered_with = 'received_by_bureau' then 'returned_by_bureau'
               when event = 'returned' then 'refused_before_sending'
               when event = 'approved' and entered_with <> 'received_by_bureau' then 'settled_here'
               else event
           end as what,
           -- What needs no bureau is carried out by the reviewer's pass; what is handed in again after an SMS that
           -- nobody confirmed is not reviewed again.
           event in ('passed', 'approved') and entered_with = 'review_requested' as is_passed
    from moves
    where at >= $1 and at < $2
)
select month, orders.province,
       count(*) filter (where what = 'submitted') as submitted,
       count(*) filter (where what = 'returned_by_rules') as returned_by_rules,
       count(*) filter (where what = 'returned_by_checks') as returned_by_checks,
       count(*) filter (where is_passed) as passed_by_review,
       count(*) filter (where is_passed and is_by_policy) as passed_by_policy,
       count(*) filter (where what = 'returned_by_review') as returned_by_review,
       count(*) filter (where what = 'refused_before_sending') as refused_before_sending,
       count(*) filter (where what = 'received_by_bureau') as received_by_bureau,
       count(*) filter (where what = 'approved') as approved,
       count(*) filter (where what = 'cancelled') as cancelled,
       count(*) filter (where what = 'returned_by_bureau') as returned_by_bureau,
       count(*) filter (where what = 'sms_unconfirmed') as sms_unconfirmed,
       count(*) filter (where what = 'settled_here') as settled_here,
       count(*) filter (where what = 'withdrawn') as withdrawn,
       count(*) filter (where what = 'expired') as expired
from happened
join orders on orders.id = happened.order_id
where what not in ('created', 'review_requested') and ($3::text is null or orders.province = $3)
group by grouping sets ((month, orders.province), (month))
order by month, orders.province nulls last
