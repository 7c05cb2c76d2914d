-- Approved services enter the archive; an approval that is told twice changes nothing.
insert into filed_services (service_number, organiser_number, order_id, service_index, province, domains, approved_at)
select t.service_number, t.organiser_number, t.order_id, t.service_index, orders.province, orders.domains, t.at
from unnest($1::timestamptz[], $2::text[], $3::text[], $4::uuid[], $5::integer[])
    as t (at, service_number, organiser_number, order_id, service_index)
join orders on orders.id = t.order_id
on conflict (service_number) do nothing
