-- The windows of these orders.
select order_id, attempt, province, state, reason, opened_at, deadline_at, reminded_hours, persons
from windows
where order_id = any($1)
