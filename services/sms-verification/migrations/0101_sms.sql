-- The ministry's SMS window of an order: the newest attempt that is known.
create table windows (
    order_id           uuid not null,
    attempt            integer not null,
    province           text not null,
    state              text not null,
    -- Why it was closed.
    reason             text,
    opened_at          timestamptz,
    deadline_at        timestamptz,
    -- Hours of the newest reminder that went out; 0 for none.
    reminded_hours     integer not null default 0,
    -- SmsPersons, sealed for this service; erased when the window ends.
    persons            bytea,
    constraint windows_pk primary key (order_id),
    constraint windows_state check (state in ('open', 'expired', 'closed')),
    constraint windows_open check (state = 'closed' or (opened_at is not null and deadline_at is not null)),
    constraint windows_closed check ((state = 'closed') = (reason is not null))
);
create index windows_waiting on windows (deadline_at) where state = 'open';
