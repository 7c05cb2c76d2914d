-- The archive: what is on record at the ministry through this provider. Personal data is only in the encrypted
-- columns; erasing archive_organisers.data_key erases an organiser's and its services'.
create table archive_organisers (
    id                 uuid not null,
    -- Filing number now; former numbers are in archive_numbers.
    number             text not null,
    -- Id in the bureau's store (Ztid), where it is known.
    bureau_id          bigint,
    province           text not null,
    nature             integer not null,
    -- Keyed digest of the certificate number.
    certificate_index  bytea not null,
    -- Another organiser on record has the same certificate.
    shares_certificate boolean not null default false,
    -- Account that holds the record; null where nobody has claimed it.
    account            text,
    status             text not null,
    -- Order that changed it last.
    order_id           uuid not null,
    -- The organiser (JSON), encrypted under data_key; data_key is wrapped by the service's key-encryption key.
    content            bytea,
    data_key           bytea,
    filed_at           timestamptz not null,
    updated_at         timestamptz not null,
    constraint archive_organisers_pk primary key (id),
    constraint archive_organisers_number unique (number),
    constraint archive_organisers_status check (status in ('filed', 'deregistered'))
);
create index archive_organisers_certificate on archive_organisers (certificate_index);
create index archive_organisers_account on archive_organisers (account, number);
create index archive_organisers_sharing on archive_organisers (number) where shares_certificate;

create table archive_services (
    id           uuid not null,
    organiser_id uuid not null,
    number       text not null,
    bureau_id    bigint,
    kind         text not null,
    name         text not null,
    -- The name made comparable: search by its beginning, and the sequence of every list.
    name_key     text collate "C" not null,
    province     text not null,
    -- The organiser's account, so that one index serves an account's list.
    account      text,
    status       text not null,
    -- Whether this provider connects it; false after the access was cancelled.
    is_connected boolean not null,
    -- Order that won the number.
    order_id     uuid not null,
    -- The service (JSON), encrypted under the organiser's data key.
    content      bytea,
    filed_at     timestamptz not null,
    updated_at   timestamptz not null,
    constraint archive_services_pk primary key (id),
    constraint archive_services_number unique (number),
    constraint archive_services_organiser foreign key (organiser_id) references archive_organisers (id),
    constraint archive_services_status check (status in ('filed', 'deregistered'))
);
create index archive_services_of_organiser on archive_services (organiser_id);
create index archive_services_name on archive_services (name_key, number);
create index archive_services_province on archive_services (province, name_key, number);
create index archive_services_account on archive_services (account, name_key, number);
create index archive_services_incomplete on archive_services (order_id) where content is null;

create table archive_domains (
    service_id  uuid not null,
    -- A-label form.
    domain      text not null,
    registrable text not null,
    -- Another service on record has the same domain.
    is_shared   boolean not null default false,
    constraint archive_domains_pk primary key (service_id, domain),
    constraint archive_domains_service foreign key (service_id) references archive_services (id)
);
create index archive_domains_domain on archive_domains (domain);
create index archive_domains_registrable on archive_domains (registrable);
create index archive_domains_shared on archive_domains (domain) where is_shared;

-- What identifies an app on its platforms.
create table archive_apps (
    service_id uuid not null,
    platform   text not null,
    package    text not null,
    constraint archive_apps_pk primary key (service_id, platform, package),
    constraint archive_apps_service foreign key (service_id) references archive_services (id)
);
create index archive_apps_package on archive_apps (package);

-- How this provider connected a service, and when.
create table archive_accesses (
    id            uuid not null,
    service_id    uuid not null,
    bureau_id     bigint,
    methods       integer[] not null,
    server_places integer[] not null,
    addresses     text[] not null,
    since         timestamptz not null,
    until         timestamptz,
    constraint archive_accesses_pk primary key (id),
    constraint archive_accesses_service foreign key (service_id) references archive_services (id)
);
create unique index archive_accesses_open on archive_accesses (service_id) where until is null;
create index archive_accesses_of_service on archive_accesses (service_id, since);

-- Every number that a record has or had.
create table archive_numbers (
    number     text not null,
    -- The organiser or the service.
    record_id  uuid not null,
    is_service boolean not null,
    since      timestamptz not null,
    until      timestamptz,
    constraint archive_numbers_pk primary key (number)
);
create index archive_numbers_of_record on archive_numbers (record_id);

-- What happened to a record, by which order.
create table archive_history (
    id           bigint generated always as identity,
    organiser_id uuid not null,
    service_id   uuid,
    at           timestamptz not null,
    order_id     uuid not null,
    order_type   text not null,
    event        text not null,
    constraint archive_history_pk primary key (id)
);
create index archive_history_of_organiser on archive_history (organiser_id, id);
create index archive_history_of_service on archive_history (service_id, id);

-- Orders whose outcome is in the archive: an approval that is told twice changes nothing.
create table archive_orders (
    order_id   uuid not null,
    applied_at timestamptz not null,
    constraint archive_orders_pk primary key (order_id)
);

-- Where the bureau's record says something else. Values of personal data are not kept, only the field's name.
create table archive_differences (
    organiser_number text not null,
    -- Empty for the organiser itself.
    service_number   text not null,
    field            text not null,
    archived         text not null,
    at_bureau        text not null,
    found_at         timestamptz not null,
    constraint archive_differences_pk primary key (organiser_number, service_number, field)
);

-- What was kept as filed_services: numbers and domains at once, contents from the orders when the service starts.
insert into archive_organisers (id, number, province, nature, certificate_index, account, status, order_id, filed_at,
                                updated_at)
select distinct on (filed.organiser_number) gen_random_uuid(), filed.organiser_number, filed.province, 0,
       orders.organiser_index, orders.account, 'filed', filed.order_id, filed.approved_at, filed.approved_at
from filed_services filed join orders on orders.id = filed.order_id
order by filed.organiser_number, filed.approved_at;

insert into archive_services (id, organiser_id, number, kind, name, name_key, province, account, status, is_connected,
                              order_id, filed_at, updated_at)
select gen_random_uuid(), organiser.id, filed.service_number,
       case substring(filed.service_number from '-[0-9]+([AXK])$')
           when 'A' then 'app' when 'X' then 'mini_program' when 'K' then 'quick_app' else 'website' end,
       '', '', filed.province, organiser.account, 'filed', true, filed.order_id, filed.approved_at, filed.approved_at
from filed_services filed join archive_organisers organiser on organiser.number = filed.organiser_number;

insert into archive_domains (service_id, domain, registrable)
select service.id, domain, domain
from filed_services filed
join archive_services service on service.number = filed.service_number
cross join lateral unnest(filed.domains) as domain
on conflict do nothing;

insert into archive_accesses (id, service_id, methods, server_places, addresses, since)
select gen_random_uuid(), id, '{}', '{}', '{}', filed_at from archive_services;

insert into archive_numbers (number, record_id, is_service, since)
select number, id, false, filed_at from archive_organisers
union all
select number, id, true, filed_at from archive_services;

drop table filed_services;
