-- Takes materials out of orders: the one of kind $2 and service $3, or without a kind all of the services from $3 on.
-- They are kept as replaced ones until the order ends.
with given as (
    select * from unnest($1::uuid[], $2::text[], $3::integer[], $4::timestamptz[])
        as t (order_id, kind, service_index, at)
),
removed as (
    delete from materials using given
    where materials.order_id = given.order_id
        and case when given.kind is null then materials.service_index >= given.service_index
            else materials.kind = given.kind and materials.service_index = given.service_index end
    returning materials.order_id, materials.kind, materials.service_index, materials.object, materials.object_key,
              materials.sha256, materials.media_type, materials.size_bytes, materials.facts, materials.scan,
              materials.signature, materials.erased_at, materials.uploaded_at, given.at
)
insert into replaced_materials (order_id, kind, service_index, object, object_key, sha256, media_type, size_bytes,
                                facts, scan, signature, erased_at, uploaded_at, replaced_at)
select order_id, kind, service_index, object, object_key, sha256, media_type, size_bytes, facts, scan, signature,
       erased_at, uploaded_at, at
from removed
