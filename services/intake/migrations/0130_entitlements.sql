-- Service entitlements (备案服务号, 授权码): what lets a service of somebody's server be filed here. The codes
-- themselves are not kept.
create table entitlements (
    id             uuid not null,
    -- Keyed digest of the code, and its last characters, by which people tell codes apart.
    code_index     bytea not null,
    code_end       text not null,
    product        text not null,
    -- The server (or other resource) that it was issued for, as the provider's system names it.
    resource       text not null,
    issued_to      text not null,
    -- Account that may use it now.
    account        text not null,
    status         text not null,
    -- Why it is invalid.
    reason         text not null default '',
    order_id       uuid,
    service_index  integer,
    -- Whether the order was carried to the bureau with it.
    is_carried     boolean not null default false,
    service_number text,
    expires_at     timestamptz,
    issued_at      timestamptz not null,
    updated_at     timestamptz not null,
    constraint entitlements_pk primary key (id),
    constraint entitlements_code unique (code_index),
    constraint entitlements_status check (status in ('unbound', 'bound', 'filed', 'invalid', 'in_filing'))
);
create index entitlements_account on entitlements (account, id);
create index entitlements_resource on entitlements (resource, product);
create unique index entitlements_service on entitlements (order_id, service_index)
    where status in ('bound', 'in_filing', 'filed');
create index entitlements_number on entitlements (service_number) where status = 'filed';

create table entitlement_history (
    id             bigint generated always as identity,
    entitlement_id uuid not null,
    at             timestamptz not null,
    actor          text not null,
    event          text not null,
    detail         text not null,
    constraint entitlement_history_pk primary key (id),
    constraint entitlement_history_entitlement foreign key (entitlement_id) references entitlements (id)
);
create index entitlement_history_of on entitlement_history (entitlement_id, id);
