-- What the register of enterprises said of an order's organiser last, encrypted under the order's data key.
create table registered_enterprises (
    order_id uuid not null,
    record   bytea not null,
    constraint registered_enterprises_pk primary key (order_id),
    constraint registered_enterprises_order foreign key (order_id) references orders (id)
);
