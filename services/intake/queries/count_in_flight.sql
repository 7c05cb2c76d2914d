-- How many other orders of an organiser are in flight; nothing for those who have none. Orders of the types $3 stand in
-- nobody's way.
select asked.place::integer, count(*)
from unnest($1::bytea[], $2::uuid[]) with ordinality as asked (organiser_index, except_id, place)
join orders on orders.organiser_index = asked.organiser_index and orders.id <> asked.except_id
where orders.phase in ('checking', 'provider_review', 'queued', 'at_bureau') and orders.order_type <> all($3::text[])
group by asked.place
