-- The filings of these orders as they are handed in.
insert into submissions (order_id, version, attempt, at, content)
select t.order_id, t.version, t.attempt, t.at, orders.content
from unnest($1::uuid[], $2::bigint[], $3::integer[], $4::timestamptz[]) as t (order_id, version, attempt, at)
join orders on orders.id = t.order_id
