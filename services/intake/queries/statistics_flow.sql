-- What happened from $1 to $2, by month in China and province; the province is null in the line of all provinces.
select to_char((history.at at time zone 'UTC') + interval '8 hours', 'YYYY-MM') as month,
       orders.province,
       count(*) filter (where event->>'event' = 'submitted') as submitted,
       count(*) filter (where event->>'event' = 'returned' and event->>'by' = 'rules') as returned_by_rules,
       count(*) filter (where event->>'event' = 'returned' and event->>'by' in ('identity', 'authority')) as returned_by_checks,
       count(*) filter (where event->>'event' = 'passed') as passed_by_review,
       count(*) filter (where event->>'event' = 'passed' and history.actor like 'policy %') as passed_by_policy,
       count(*) filter (where event->>'event' = 'returned' and event->>'by' = 'review') as returned_by_review,
       count(*) filter (where event->>'event' = 'received_by_bureau') as received_by_bureau,
       count(*) filter (where event->>'event' = 'approved') as approved,
       count(*) filter (where event->>'event' = 'returned' and event->>'by' = 'bureau') as returned_by_bureau,
       count(*) filter (where event->>'event' = 'withdrawn') as withdrawn,
       count(*) filter (where event->>'event' = 'expired') as expired
from order_history history
join orders on orders.id = history.order_id
where history.at >= $1 and history.at < $2 and ($3::text is null or orders.province = $3)
group by grouping sets ((1, 2), (1))
order by 1, 2 nulls last
