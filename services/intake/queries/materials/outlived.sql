-- Replaced materials of orders that have ended: they prove nothing any more.
select replaced_materials.object
from replaced_materials join orders on orders.id = replaced_materials.order_id
where orders.phase in ('approved', 'cancelled', 'withdrawn', 'expired')
    and not exists (
        select from materials
        where materials.order_id = replaced_materials.order_id and materials.object = replaced_materials.object
    )
limit $1
