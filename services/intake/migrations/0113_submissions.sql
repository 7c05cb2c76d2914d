-- The filing as it was handed in, each time, encrypted under the order's data key.
create table submissions (
    order_id uuid not null,
    -- Version of the order after the submission.
    version  bigint not null,
    attempt  integer not null,
    at       timestamptz not null,
    content  bytea not null,
    constraint submissions_pk primary key (order_id, version),
    constraint submissions_order foreign key (order_id) references orders (id)
);
