-- The first event since $1 that has no entry, neither linked nor waiting.
with vouched as (
    select object, detail::jsonb ->> 'version' as version from audit_trail where at >= $1 and action like 'order.%'
    union all
    select object, detail::jsonb ->> 'version' from audit_pending where action like 'order.%'
)
select history.order_id, history.version
from order_history history
where history.at >= $1
  and not exists (
      select from vouched
      where vouched.object = 'order ' || history.order_id and vouched.version = history.version::text
  )
order by history.at, history.order_id, history.version
limit 1
