-- New and changed organisers.
insert into archive_organisers (id, number, bureau_id, province, nature, name, name_key, certificate_index, account,
                                status, order_id, content, data_key, filed_at, updated_at)
select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::integer[], $6::text[], $7::text[],
                     $8::bytea[], $9::text[], $10::text[], $11::uuid[], $12::bytea[], $13::bytea[],
                     $14::timestamptz[], $15::timestamptz[])
on conflict (id) do update
set number = excluded.number, bureau_id = excluded.bureau_id, province = excluded.province, nature = excluded.nature,
    name = excluded.name, name_key = excluded.name_key, certificate_index = excluded.certificate_index,
    account = excluded.account, status = excluded.status,
    order_id = excluded.order_id, content = excluded.content, data_key = excluded.data_key,
    updated_at = excluded.updated_at
