-- What the register of enterprises says of these orders' organisers takes the place of what it said before; where it
-- says nothing, nothing is kept.
with given as (
    select * from unnest($1::uuid[], $2::bytea[]) as t (order_id, record)
),
outdated as (
    delete from registered_enterprises known
    using given
    where known.order_id = given.order_id and given.record is null
)
insert into registered_enterprises (order_id, record)
select order_id, record
from given
where record is not null
order by order_id
on conflict (order_id) do update
set record = excluded.record
