-- Orders. Personal data is only in the encrypted columns; erasing data_key erases it.
create table orders (
    id              uuid not null,
    account         text not null,
    province        text not null,
    order_type      text not null,
    -- Facts of the order; never personal data.
    version         bigint not null,
    phase           text not null,
    attempt         integer not null,
    state           jsonb not null,
    domains         text[] not null,
    -- Keyed digest of the organiser's certificate number: how many orders has this organiser in flight?
    organiser_index bytea not null,
    -- The filing (JSON), encrypted under data_key; data_key is wrapped by the service's key-encryption key.
    content         bytea not null,
    data_key        bytea not null,
    -- Sealed for "notify" and "sms" at submission.
    contact_sealed  bytea,
    persons_sealed  bytea,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    constraint orders_pk primary key (id)
);
create index orders_phase on orders (phase, updated_at, id);
create index orders_account on orders (account, id);
create index orders_organiser_in_flight on orders (organiser_index)
    where phase in ('checking', 'provider_review', 'queued', 'at_bureau');

-- Every event of every order: the audit trail.
create table order_history (
    order_id uuid not null,
    version  bigint not null,
    at       timestamptz not null,
    actor    text not null,
    event    jsonb not null,
    constraint order_history_pk primary key (order_id, version),
    constraint order_history_order foreign key (order_id) references orders (id)
);

-- Uploaded files; the clear bytes are only in the object store, encrypted under their own key.
create table materials (
    order_id      uuid not null,
    kind          text not null,
    service_index integer not null,
    object        text not null,
    -- Key of the object, encrypted under the order's data key.
    object_key    bytea not null,
    sha256        bytea not null,
    media_type    text not null,
    size_bytes    integer not null,
    uploaded_at   timestamptz not null,
    constraint materials_pk primary key (order_id, kind, service_index),
    constraint materials_order foreign key (order_id) references orders (id)
);

-- What is filed: the archive and the whitelist of domains that may be served.
create table filed_services (
    service_number   text not null,
    organiser_number text not null,
    order_id         uuid not null,
    service_index    integer not null,
    province         text not null,
    domains          text[] not null,
    approved_at      timestamptz not null,
    constraint filed_services_pk primary key (service_number),
    constraint filed_services_order foreign key (order_id) references orders (id)
);
create index filed_services_domains on filed_services using gin (domains);
