-- Tables of icp-bus, the same in every service's own database.

-- Messages to publish, in commit order (xid, seq). Rows are kept: they are the journal from which a lost bus is rebuilt.
create table outbox (
    seq         bigint generated always as identity,
    xid         xid8 not null default pg_current_xact_id(),
    id          uuid not null,
    subject     text not null,
    kind        text not null,
    key         text not null,
    traceparent text,
    payload     bytea not null,
    created_at  timestamptz not null,
    constraint outbox_pk primary key (xid, seq)
);
create index outbox_created on outbox using brin (created_at);

-- How far the outbox has been published.
create table outbox_cursor (
    only_row boolean not null default true,
    xid      xid8 not null,
    seq      bigint not null,
    constraint outbox_cursor_pk primary key (only_row),
    constraint outbox_cursor_one check (only_row)
);
insert into outbox_cursor (xid, seq) values ('0', 0);

-- Messages that were handled, per consumer.
create table inbox (
    consumer    text not null,
    message_id  uuid not null,
    handled_at  timestamptz not null default now(),
    constraint inbox_pk primary key (consumer, message_id)
);

-- What happened to an order in this service, for the operator.
create table journal (
    seq      bigint generated always as identity,
    order_id uuid not null,
    at       timestamptz not null,
    what     text not null,
    why      text not null,
    constraint journal_pk primary key (seq)
);
create index journal_order on journal (order_id);

-- Steps that call the outside world, outside of any transaction.
create table jobs (
    id           bigint generated always as identity,
    kind         text not null,
    key          text not null,
    payload      bytea not null,
    traceparent  text,
    attempts     integer not null default 0,
    run_at       timestamptz not null default now(),
    leased_until timestamptz,
    failed       boolean not null default false,
    last_error   text,
    constraint jobs_pk primary key (id)
);
create index jobs_due on jobs (kind, run_at) where not failed;
