-- The newest set or cancel of each key. A set that arrives late must not bring cancelled timers back:
-- message ids are UUIDv7, so the greater id is the newer wish of the owner.
create table timer_sets (
    owner      text not null,
    key        text not null,
    message_id uuid not null,
    changed_at timestamptz not null,
    constraint timer_sets_pk primary key (owner, key)
);

-- Timers that wait or have fired; cancelled and replaced ones are deleted.
create table timers (
    id          bigint generated always as identity,
    owner       text not null,
    key         text not null,
    name        text not null,
    fire_at     timestamptz not null,
    order_id    uuid,
    traceparent text,
    fired_at    timestamptz,
    constraint timers_pk primary key (id),
    constraint timers_name_unique unique (owner, key, name)
);
create index timers_due on timers (fire_at) where fired_at is null;
create index timers_fired on timers (fired_at) where fired_at is not null;

-- Due times of cron jobs; the row lock is the claim, so only one replica does each occurrence.
create table cron_jobs (
    name        text not null,
    schedule    text not null,
    next_due_at timestamptz not null,
    last_due_at timestamptz,
    last_run_at timestamptz,
    constraint cron_jobs_pk primary key (name)
);
