-- The filing of order $1 as a reviewer decided on it last, before it was handed in again; what a policy passed no
-- reviewer saw.
select decided.version, decided.attempt, decided.at, decided.content
from submissions decided
where decided.order_id = $1
  and decided.version < (
      select max(history.version)
      from order_history history
      where history.order_id = $1
        and history.version < (select max(version) from submissions where order_id = $1)
        and history.actor not like 'policy %'
        and (history.event->>'event' in ('passed', 'passed_first')
             or history.event->>'event' = 'returned' and history.event->>'by' = 'review')
  )
order by decided.version desc
limit 1
