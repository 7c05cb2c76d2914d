-- Organisers on record here, by number: the account of the latest order that filed a service of them, and how many
-- services they have.
select filed_services.organiser_number as number,
       (array_agg(orders.account order by filed_services.approved_at desc))[1] as account,
       count(*) as services
from filed_services
join orders on orders.id = filed_services.order_id
where filed_services.organiser_number = any($1)
group by filed_services.organiser_number
