-- Who did or saw what. Entries are written with the change that they tell of, and linked into the trail right after.
create table audit_pending (
    id     bigint generated always as identity,
    at     timestamptz not null,
    actor  text not null,
    role   text not null,
    action text not null,
    object text not null,
    detail text not null,
    constraint audit_pending_pk primary key (id)
);

-- The trail: each entry holds the hash of the one before. No personal data.
create table audit_trail (
    seq      bigint not null,
    at       timestamptz not null,
    actor    text not null,
    role     text not null,
    action   text not null,
    object   text not null,
    detail   text not null,
    previous bytea not null,
    hash     bytea not null,
    constraint audit_trail_pk primary key (seq),
    constraint audit_trail_hash unique (hash)
);

-- The head of the trail, once a day, as it was published.
create table audit_anchors (
    day  date not null,
    seq  bigint not null,
    hash bytea not null,
    constraint audit_anchors_pk primary key (day)
);

create function refuse_change_of_audit() returns trigger language plpgsql as $$
begin
    raise exception 'the audit trail is append-only: % on % is refused', tg_op, tg_table_name;
end
$$;
create trigger audit_trail_append_only before update or delete or truncate on audit_trail
    for each statement execute function refuse_change_of_audit();
create trigger audit_anchors_append_only before update or delete or truncate on audit_anchors
    for each statement execute function refuse_change_of_audit();
-- What waits to be linked leaves only by being linked.
create trigger audit_pending_unchanged before update or truncate on audit_pending
    for each statement execute function refuse_change_of_audit();
