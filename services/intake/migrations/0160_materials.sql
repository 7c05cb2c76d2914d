-- What is measured of a material, and what the virus scanner says of it.
alter table materials
    add column facts     jsonb not null default '{}',
    add column scan      text not null default 'off',
    -- Name of the virus.
    add column signature text,
    -- When the bytes of an infected material were removed from the object store.
    add column erased_at timestamptz,
    add constraint materials_scan check (scan in ('off', 'pending', 'clean', 'infected'));
create index materials_scanning on materials (uploaded_at) where scan in ('pending', 'infected');

-- Materials that others have replaced: evidence until the order ends.
create table replaced_materials (
    order_id      uuid not null,
    kind          text not null,
    service_index integer not null,
    object        text not null,
    object_key    bytea not null,
    sha256        bytea not null,
    media_type    text not null,
    size_bytes    integer not null,
    facts         jsonb not null,
    scan          text not null,
    signature     text,
    erased_at     timestamptz,
    uploaded_at   timestamptz not null,
    replaced_at   timestamptz not null,
    constraint replaced_materials_pk primary key (object),
    constraint replaced_materials_order foreign key (order_id) references orders (id),
    constraint replaced_materials_scan check (scan in ('off', 'pending', 'clean', 'infected'))
);
create index replaced_materials_of_order on replaced_materials (order_id);

-- Files that come in parts (tus). The parts lie in the object store, encrypted under the upload's key.
create table uploads (
    id             uuid not null,
    order_id       uuid not null,
    kind           text not null,
    service_index  integer not null,
    -- As the caller declared it; empty: it did not.
    media_type     text not null,
    length_bytes   bigint not null,
    received_bytes bigint not null,
    -- Encrypted under the order's data key.
    key            bytea not null,
    created_at     timestamptz not null,
    expires_at     timestamptz not null,
    -- When the file became a material.
    finished_at    timestamptz,
    constraint uploads_pk primary key (id),
    constraint uploads_order foreign key (order_id) references orders (id),
    constraint uploads_received check (received_bytes between 0 and length_bytes)
);
create index uploads_of_order on uploads (order_id);
create index uploads_expiry on uploads (expires_at);

create table upload_parts (
    upload_id  uuid not null,
    start_byte bigint not null,
    size_bytes integer not null,
    object     text not null,
    constraint upload_parts_pk primary key (upload_id, start_byte),
    constraint upload_parts_upload foreign key (upload_id) references uploads (id) on delete cascade
);
