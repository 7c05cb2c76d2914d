-- What this service was asked to look up, one row per submission of an order. The subject stays sealed in `task`.
create table lookups (
    order_id    uuid not null,
    attempt     integer not null,
    province    text not null,
    task        bytea not null,
    received_at timestamptz not null,
    answered_at timestamptz,
    outcome     text,
    constraint lookups_pk primary key (order_id, attempt),
    constraint lookups_outcome check (outcome in ('agree', 'review', 'blocked')),
    constraint lookups_done check ((answered_at is null) = (outcome is null))
);

-- What the registers said about each field, without personal data.
create table results (
    order_id  uuid not null,
    attempt   integer not null,
    ordinal   integer not null,
    authority text not null,
    field     text not null,
    result    text not null,
    reference text not null,
    -- When the register was asked, which may be before the submission: an answer can be used again.
    asked_at  timestamptz,
    constraint results_pk primary key (order_id, attempt, ordinal),
    constraint results_result check (result in ('match', 'mismatch', 'not_found', 'unavailable')),
    constraint results_lookup foreign key (order_id, attempt) references lookups (order_id, attempt)
);

-- The latest answer to each question, with its provenance. The question is a blind index, the answer is encrypted
-- under its own key.
create table answers (
    authority    text not null,
    question     bytea not null,
    wrapped_key  bytea not null,
    answer       bytea not null,
    reference    text not null,
    asked_at     timestamptz not null,
    constraint answers_pk primary key (authority, question)
);
create index answers_asked on answers (asked_at);
