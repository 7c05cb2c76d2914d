-- New and changed organisers.
insert into archive_organisers (id, number, bureau_id, province, nature, certificate_index, account, status, order_id,
                                content, data_key, filed_at, updated_at)
select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::integer[], $6::bytea[], $7::text[],
                     $8::text[], $9::uuid[], $10::bytea[], $11::bytea[], $12::timestamptz[], $13::timestamptz[])
on conflict (id) do update
set number = excluded.number, bureau_id = excluded.bureau_id, province = excluded.province, nature = excluded.nature,
    certificate_index = excluded.certificate_index, account = excluded.account, status = excluded.status,
    order_id = excluded.order_id, content = excluded.content, data_key = excluded.data_key,
    updated_at = excluded.updated_at
