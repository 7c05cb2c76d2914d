-- Requests with an `Idempotency-Key`: which one is at work, and the answer of the one that was carried out.
create table keyed_requests (
    -- Keyed digest of the caller and its key.
    key_index      bytea not null,
    -- Changes when a request that broke off is repeated: a change made under the former id is refused.
    id             uuid not null,
    -- Keyed digest of the request.
    digest         bytea not null,
    leased_until   timestamptz not null,
    expires_at     timestamptz not null,
    -- Written by the transaction of the change itself.
    carried_out_at timestamptz,
    location       text,
    status         integer,
    headers        jsonb,
    -- Body of the answer, encrypted under data_key; data_key is wrapped by the service's key-encryption key.
    answer         bytea,
    data_key       bytea,
    constraint keyed_requests_pk primary key (key_index),
    constraint keyed_requests_id unique (id)
);
create index keyed_requests_expires on keyed_requests (expires_at);
