-- Facts that were seen. A fact that comes again under another message id is known by its own identity.
create table facts (
    order_id uuid not null,
    -- e.g. `order/approved`, `sms/reminder_due/6`.
    what     text not null,
    -- The order's version, or the attempt for facts about SMS windows.
    version  bigint not null,
    seen_at  timestamptz not null,
    constraint facts_pk primary key (order_id, what, version)
);

-- One row for each message to one person over one channel. It holds no address: that is sealed in the job
-- and goes with the job.
create table deliveries (
    id          uuid not null,
    order_id    uuid not null,
    notice      text not null,
    channel     text not null,
    state       text not null,
    created_at  timestamptz not null,
    settled_at  timestamptz,
    -- Id that the gateway gave, for questions to it.
    gateway_id  text,
    -- Why it was not sent.
    reason      text,
    constraint deliveries_pk primary key (id),
    constraint deliveries_channel check (channel in ('mail', 'sms')),
    constraint deliveries_state check (state in ('waiting', 'sent', 'skipped', 'failed'))
);
create index deliveries_order on deliveries (order_id);
create index deliveries_waiting on deliveries (created_at) where state = 'waiting';
