-- Organisers on record here, by the keyed digest of their certificate number.
select asked.place, filed_services.organiser_number as number,
       (array_agg(orders.account order by filed_services.approved_at desc))[1] as account,
       count(*) as services,
       sum(cardinality(filed_services.domains))::bigint as domains
from unnest($1::bytea[]) with ordinality as asked (organiser_index, place)
join orders on orders.organiser_index = asked.organiser_index and orders.phase = 'approved'
join filed_services on filed_services.order_id = orders.id
group by asked.place, filed_services.organiser_number
