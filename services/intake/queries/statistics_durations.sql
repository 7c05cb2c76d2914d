-- How long orders were in the phases that they left from $1 to $2; the province is null in the line of all provinces.
-- What is decided as it comes in was never checked.
with touched as (
    select distinct order_id from order_history where at >= $1 and at < $2
),
moves as (
    -- Every change of phase of these orders, also before $1, with the one before it.
    select order_id, at, lag(event) over by_order as entered_with, lag(at) over by_order as entered_at
    from (
        select history.order_id, history.version, history.at, history.event->>'event' as event
        from touched join order_history history on history.order_id = touched.order_id
    ) of_orders
    where event in ('created', 'submitted', 'review_requested', 'returned', 'passed', 'received_by_bureau', 'approved',
                    'cancelled', 'withdrawn', 'expired')
    window by_order as (partition by order_id order by version)
),
stays as (
    select to_char((at at time zone 'UTC') + interval '8 hours', 'YYYY-MM') as month, order_id,
           case entered_with
               when 'created' then 'draft'
               when 'submitted' then 'checking'
               when 'review_requested' then 'provider_review'
               when 'passed' then 'queued'
               when 'received_by_bureau' then 'at_bureau'
               when 'returned' then 'returned'
           end as phase,
           extract(epoch from at - entered_at)::double precision as seconds
    from moves
    where at >= $1 and at < $2 and entered_with is not null
      and not (entered_with = 'submitted' and at = entered_at)
)
select month, orders.province, stays.phase, count(*) as orders,
       percentile_cont(0.5) within group (order by seconds) / 3600 as median_hours,
       percentile_cont(0.9) within group (order by seconds) / 3600 as p90_hours
from stays
join orders on orders.id = stays.order_id
where $3::text is null or orders.province = $3
group by grouping sets ((month, orders.province, stays.phase), (month, stays.phase))
order by month, orders.province nulls last, stays.phase
