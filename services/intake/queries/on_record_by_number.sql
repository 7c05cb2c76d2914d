-- Organisers on record here, by number: the account of the latest order that filed a service of them, and how many
-- services and domains they have.
select asked.place, filed_services.organiser_number as number,
       (array_agg(orders.account order by filed_services.approved_at desc))[1] as account,
       count(*) as services,
       sum(cardinality(filed_services.domains))::bigint as domains
from unnest($1::text[]) with ordinality as asked (number, place)
join filed_services on filed_services.organiser_number = asked.number
join orders on orders.id = filed_services.order_id
group by asked.place, filed_services.organiser_number
