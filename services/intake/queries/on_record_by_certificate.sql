-- Organisers on record here, by the keyed digest of their certificate number.
select filed_services.organiser_number as number,
       (array_agg(orders.account order by filed_services.approved_at desc))[1] as account,
       count(*) as services
from orders
join filed_services on filed_services.order_id = orders.id
where orders.organiser_index = $1 and orders.phase = 'approved'
group by filed_services.organiser_number
