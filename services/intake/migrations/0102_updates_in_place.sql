-- An order changes some ten times in its first days. With room in its page, and no index on what every change
-- touches, the indexes stay as they are.
alter table orders set (fillfactor = 60);
drop index orders_phase;
create index orders_phase on orders (phase, id);
