-- The materials of these orders. One look into the index for each of them, whatever the planner takes the table for.
select found.*
from unnest($1::uuid[]) as asked (id)
cross join lateral (
    select order_id, kind, service_index, object, object_key, sha256, media_type, size_bytes, facts, scan, signature,
           uploaded_at
    from materials
    where order_id = asked.id
    offset 0
) as found
order by found.order_id, found.kind, found.service_index
