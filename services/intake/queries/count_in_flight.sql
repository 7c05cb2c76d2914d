-- How many other orders of an organiser are in flight; nothing for those who have none.
select asked.place::integer, count(*)
from unnest($1::bytea[], $2::uuid[]) with ordinality as asked (organiser_index, except_id, place)
join orders on orders.organiser_index = asked.organiser_index and orders.id <> asked.except_id
where orders.phase in ('checking', 'provider_review', 'queued', 'at_bureau')
group by asked.place
