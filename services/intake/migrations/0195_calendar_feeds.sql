-- Addresses under which calendar programs, which send no tokens, read the deadlines of an order: by the hash of their
-- secret.
create table calendar_feeds (
    order_id    uuid not null,
    secret_hash bytea not null,
    created_at  timestamptz not null,
    constraint calendar_feeds_pk primary key (order_id),
    constraint calendar_feeds_order foreign key (order_id) references orders (id),
    constraint calendar_feeds_secret unique (secret_hash)
);
