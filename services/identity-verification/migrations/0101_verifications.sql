-- What this service was asked to verify, one row per submission of an order. The subject stays sealed in `task`.
create table verifications (
    order_id    uuid not null,
    attempt     integer not null,
    province    text not null,
    task        bytea not null,
    received_at timestamptz not null,
    verified_at timestamptz,
    outcome     text,
    constraint verifications_pk primary key (order_id, attempt),
    constraint verifications_outcome check (outcome in ('passed', 'review', 'blocked')),
    constraint verifications_done check ((verified_at is null) = (outcome is null))
);

-- What was checked, without personal data.
create table checks (
    order_id    uuid not null,
    attempt     integer not null,
    ordinal     integer not null,
    name        text not null,
    subject     text not null,
    passed      boolean not null,
    evidence_id uuid,
    constraint checks_pk primary key (order_id, attempt, ordinal),
    constraint checks_verification foreign key (order_id, attempt) references verifications (order_id, attempt)
);

-- The key of an order's evidence, wrapped. Deleting the row erases the evidence for ever.
create table data_keys (
    order_id    uuid not null,
    wrapped_key bytea not null,
    constraint data_keys_pk primary key (order_id)
);

-- What the engine saw, encrypted under the order's key with the evidence id as context.
create table evidence (
    id       uuid not null,
    order_id uuid not null,
    attempt  integer not null,
    content  bytea not null,
    taken_at timestamptz not null,
    constraint evidence_pk primary key (id),
    constraint evidence_verification foreign key (order_id, attempt) references verifications (order_id, attempt)
);
create index evidence_order on evidence (order_id, attempt);
