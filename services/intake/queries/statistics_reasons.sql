-- Why orders were returned from $1 to $2: each code once per return.
select to_char((history.at at time zone 'UTC') + interval '8 hours', 'YYYY-MM') as month,
       orders.province, history.event->>'by' as stage, reason.code, count(*) as returns
from order_history history
join orders on orders.id = history.order_id
cross join lateral (
    select distinct finding->>'code' as code
    from jsonb_array_elements(history.event->'findings') finding
    where finding->>'severity' = 'block'
) reason
where history.at >= $1 and history.at < $2 and history.event->>'event' = 'returned'
  and ($3::text is null or orders.province = $3)
group by 1, 2, 3, 4
order by 1, 2, 5 desc, 3, 4
