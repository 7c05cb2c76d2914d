-- Adds or replaces materials; keeps what they replace, and ends the uploads that they came by.
with given as (
    select * from unnest($1::uuid[], $2::text[], $3::integer[], $4::text[], $5::bytea[], $6::bytea[], $7::text[],
                         $8::integer[], $9::jsonb[], $10::text[], $11::timestamptz[], $12::uuid[])
        as t (order_id, kind, service_index, object, object_key, sha256, media_type, size_bytes, facts, scan,
              uploaded_at, upload_id)
),
kept as (
    insert into replaced_materials (order_id, kind, service_index, object, object_key, sha256, media_type, size_bytes,
                                    facts, scan, signature, erased_at, uploaded_at, replaced_at)
    select former.order_id, former.kind, former.service_index, former.object, former.object_key, former.sha256,
           former.media_type, former.size_bytes, former.facts, former.scan, former.signature, former.erased_at,
           former.uploaded_at, given.uploaded_at
    from given
    cross join lateral (
        select * from materials m
        where m.order_id = given.order_id and m.kind = given.kind and m.service_index = given.service_index
            and m.object <> given.object
        offset 0
    ) as former
),
ended as (
    update uploads set received_bytes = length_bytes, finished_at = given.uploaded_at
    from given where uploads.id = given.upload_id
)
insert into materials (order_id, kind, service_index, object, object_key, sha256, media_type, size_bytes, facts, scan,
                       uploaded_at)
select order_id, kind, service_index, object, object_key, sha256, media_type, size_bytes, facts, scan, uploaded_at
from given
on conflict (order_id, kind, service_index) do update
set object = excluded.object, object_key = excluded.object_key, sha256 = excluded.sha256,
    media_type = excluded.media_type, size_bytes = excluded.size_bytes, facts = excluded.facts, scan = excluded.scan,
    signature = null, erased_at = null, uploaded_at = excluded.uploaded_at
