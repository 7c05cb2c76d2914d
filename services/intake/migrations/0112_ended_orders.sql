-- The orders of a province that ended last, for estimates.
create index orders_ended on orders (province, id) where phase in ('approved', 'cancelled');
