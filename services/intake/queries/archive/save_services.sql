-- New and changed services; a content that is not given stays.
insert into archive_services (id, organiser_id, number, bureau_id, kind, name, name_key, province, account, status,
                              is_connected, order_id, content, filed_at, updated_at)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::boolean[], $12::uuid[], $13::bytea[], $14::timestamptz[],
                     $15::timestamptz[])
on conflict (id) do update
set organiser_id = excluded.organiser_id, number = excluded.number, bureau_id = excluded.bureau_id,
    kind = excluded.kind, name = excluded.name, name_key = excluded.name_key, province = excluded.province,
    account = excluded.account, status = excluded.status, is_connected = excluded.is_connected,
    content = coalesce(excluded.content, archive_services.content), updated_at = excluded.updated_at
