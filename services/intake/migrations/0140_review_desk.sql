-- Since when an order is in its phase: the queue of the reviewers goes by it.
alter table orders add column phase_since timestamptz;
update orders
set phase_since = coalesce(
    (select max(history.at) from order_history history
     where history.order_id = orders.id
       and history.event->>'event' in
           ('created', 'submitted', 'review_requested', 'returned', 'passed', 'received_by_bureau', 'approved',
            'withdrawn', 'expired')),
    orders.updated_at);
alter table orders alter column phase_since set not null;
create index orders_review on orders (phase_since, id) where phase = 'provider_review';
create index orders_review_province on orders (province, phase_since, id) where phase = 'provider_review';

-- Who is at work on which order. A claim counts until it runs out, and only for the review in which it was made.
create table review_claims (
    order_id   uuid not null,
    reviewer   text not null,
    claimed_at timestamptz not null,
    until      timestamptz not null,
    constraint review_claims_pk primary key (order_id),
    constraint review_claims_order foreign key (order_id) references orders (id)
);
