-- Replaced materials of orders that have ended: they prove nothing any more.
select replaced_materials.object
from replaced_materials join orders on orders.id = replaced_materials.order_id
where orders.phase in ('approved', 'cancelled', 'withdrawn', 'expired')
limit $1
