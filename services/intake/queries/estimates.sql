-- How long each step took in the orders of a province that ended last: from the event that begins it to the next one.
-- What is decided as it comes in was never checked.
with ended as (
    select id from orders
    where province = $1 and phase in ('approved', 'cancelled')
    order by phase_since desc
    limit $2
),
events as (
    select order_id, at, event->>'event' as name,
           lead(at) over (partition by order_id order by version) as until
    from order_history
    where order_id in (select id from ended)
      and event->>'event' in ('submitted', 'review_requested', 'passed', 'received_by_bureau', 'returned', 'approved',
                              'cancelled')
),
steps as (
    select case name when 'submitted' then 'checking' when 'review_requested' then 'provider_review'
                     when 'passed' then 'queued' when 'received_by_bureau' then 'at_bureau' end as step,
           extract(epoch from until - at)::float8 / 3600 as hours
    from events
    where name in ('submitted', 'review_requested', 'passed', 'received_by_bureau') and until is not null
      and not (name = 'submitted' and until = at)
)
select step,
       percentile_cont(0.5) within group (order by hours) as median_hours,
       percentile_cont(0.9) within group (order by hours) as p90_hours,
       count(*) as orders
from steps
group by step
order by array_position(array['checking', 'provider_review', 'queued', 'at_bureau'], step)
