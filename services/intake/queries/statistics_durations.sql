-- How long orders were in the phases that they left from $1 to $2; the province is null in the line of all provinces.
-- What the rules return at once was never checked.
with stays as (
    select to_char((history.at at time zone 'UTC') + interval '8 hours', 'YYYY-MM') as month,
           orders.province,
           case entered.event->>'event'
               when 'created' then 'draft'
               when 'submitted' then 'checking'
               when 'review_requested' then 'provider_review'
               when 'passed' then 'queued'
               when 'received_by_bureau' then 'at_bureau'
               when 'returned' then 'returned'
           end as phase,
           extract(epoch from history.at - entered.at)::double precision as seconds
    from order_history history
    join orders on orders.id = history.order_id
    cross join lateral (
        select earlier.at, earlier.event
        from order_history earlier
        where earlier.order_id = history.order_id and earlier.version < history.version
          and earlier.event->>'event' in
              ('created', 'submitted', 'review_requested', 'returned', 'passed', 'received_by_bureau')
        order by earlier.version desc
        limit 1
    ) entered
    where history.at >= $1 and history.at < $2
      and history.event->>'event' in
          ('submitted', 'review_requested', 'returned', 'passed', 'received_by_bureau', 'approved', 'withdrawn', 'expired')
      and not (history.event->>'event' = 'returned' and history.event->>'by' = 'rules')
      and ($3::text is null or orders.province = $3)
)
select month, province, phase, count(*) as orders,
       percentile_cont(0.5) within group (order by seconds) / 3600 as median_hours,
       percentile_cont(0.9) within group (order by seconds) / 3600 as p90_hours
from stays
group by grouping sets ((month, province, phase), (month, phase))
order by month, province nulls last, phase
