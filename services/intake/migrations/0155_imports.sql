-- Orders that a reseller hands in together. Personal data is only in the encrypted columns; erasing data_key erases it.
create table imports (
    id          uuid not null,
    account     text not null,
    -- Name and role of the caller that handed it in.
    actor       text not null,
    role        text not null,
    format      text not null,
    row_count   integer not null,
    -- How many rows became drafts, and how many cannot.
    created     integer not null default 0,
    failed      integer not null default 0,
    -- Key of the rows, wrapped by the service's key-encryption key.
    data_key    bytea not null,
    received_at timestamptz not null,
    -- When its last row was done.
    ended_at    timestamptz,
    constraint imports_pk primary key (id)
);
create index imports_account on imports (account, id);
create index imports_running on imports (account) where ended_at is null;
create index imports_ended on imports (ended_at);

create table import_rows (
    import_id  uuid not null,
    row_number integer not null,
    state      text not null default 'waiting',
    -- The row as it came, encrypted; gone once it is done.
    content    bytea,
    -- Its reference and its faults, encrypted.
    report     bytea,
    order_id   uuid,
    constraint import_rows_pk primary key (import_id, row_number),
    constraint import_rows_import foreign key (import_id) references imports (id) on delete cascade,
    constraint import_rows_state check (state in ('waiting', 'created', 'failed'))
);
