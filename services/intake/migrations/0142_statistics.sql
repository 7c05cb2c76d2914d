-- History grows in the sequence of time: a small index finds a month of it.
create index order_history_at on order_history using brin (at);
-- What is open, where and since when.
create index orders_open on orders (phase, province, phase_since)
    where phase in ('draft', 'checking', 'provider_review', 'queued', 'at_bureau', 'returned');
