-- The orders of a province that ended last: they came into their phase then.
drop index orders_ended;
create index orders_ended on orders (province, phase_since) where phase in ('approved', 'cancelled');
