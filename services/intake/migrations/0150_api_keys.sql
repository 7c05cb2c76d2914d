-- Keys of machines. The secret is not kept, only its SHA-256: it is random and long.
create table api_keys (
    id           uuid not null,
    secret_hash  bytea not null,
    name         text not null,
    account      text not null,
    role         text not null,
    created_by   text not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    constraint api_keys_pk primary key (id)
);
create index api_keys_account on api_keys (account, id);
