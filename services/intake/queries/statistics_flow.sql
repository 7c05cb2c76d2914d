-- What happened from $1 to $2, by month in China and province; the province is null in the line of all provinces.
with happened as (
    select to_char((at at time zone 'UTC') + interval '8 hours', 'YYYY-MM') as month, order_id,
           event->>'event' as event, event->>'by' as stage, actor like 'policy %' as is_by_policy
    from order_history
    where at >= $1 and at < $2
      and event->>'event' in
          ('submitted', 'returned', 'passed', 'received_by_bureau', 'approved', 'withdrawn', 'expired')
)
select month, orders.province,
       count(*) filter (where event = 'submitted') as submitted,
       count(*) filter (where event = 'returned' and stage = 'rules') as returned_by_rules,
       count(*) filter (where event = 'returned' and stage in ('identity', 'authority')) as returned_by_checks,
       count(*) filter (where event = 'passed') as passed_by_review,
       count(*) filter (where event = 'passed' and is_by_policy) as passed_by_policy,
       count(*) filter (where event = 'returned' and stage = 'review') as returned_by_review,
       count(*) filter (where event = 'received_by_bureau') as received_by_bureau,
       count(*) filter (where event = 'approved') as approved,
       count(*) filter (where event = 'returned' and stage = 'bureau') as returned_by_bureau,
       count(*) filter (where event = 'withdrawn') as withdrawn,
       count(*) filter (where event = 'expired') as expired
from happened
join orders on orders.id = happened.order_id
where $3::text is null or orders.province = $3
group by grouping sets ((month, orders.province), (month))
order by month, orders.province nulls last
