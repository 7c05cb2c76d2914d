-- Materials that are still to be scanned, also replaced ones: they may be looked at. In no sequence, so that those that
-- can never be scanned keep no others waiting.
select waiting.order_id, waiting.object, waiting.object_key, orders.data_key
from (
    select order_id, object, object_key, uploaded_at from materials where scan = 'pending'
    union all
    select order_id, object, object_key, uploaded_at from replaced_materials where scan = 'pending'
) waiting
join orders on orders.id = waiting.order_id
order by random()
limit $1
