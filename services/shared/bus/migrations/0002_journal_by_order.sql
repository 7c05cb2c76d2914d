-- A line of the journal is only ever looked for by its order: one index instead of two.
alter table journal drop constraint journal_pk;
alter table journal add constraint journal_pk primary key (order_id, seq);
drop index journal_order;
