-- The account that holds an organiser's record: that of the latest order that filed a service of it.
select orders.account
from filed_services
join orders on orders.id = filed_services.order_id
where filed_services.organiser_number = $1
order by filed_services.approved_at desc
limit 1
