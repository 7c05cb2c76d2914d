-- Adds or replaces materials; tells the objects that they replaced.
with given as (
    select * from unnest($1::uuid[], $2::text[], $3::integer[], $4::text[], $5::bytea[], $6::bytea[], $7::text[],
                         $8::integer[], $9::timestamptz[])
        as t (order_id, kind, service_index, object, object_key, sha256, media_type, size_bytes, uploaded_at)
),
replaced as (
    select materials.order_id, materials.object
    from materials join given using (order_id, kind, service_index)
),
written as (
    insert into materials (order_id, kind, service_index, object, object_key, sha256, media_type, size_bytes, uploaded_at)
    select * from given
    on conflict (order_id, kind, service_index) do update
    set object = excluded.object, object_key = excluded.object_key, sha256 = excluded.sha256,
        media_type = excluded.media_type, size_bytes = excluded.size_bytes, uploaded_at = excluded.uploaded_at
)
select order_id, object from replaced
