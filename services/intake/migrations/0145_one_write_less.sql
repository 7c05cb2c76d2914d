-- An entry of the trail is told apart by its number, and the chain by its hashes: an index over random hashes was the
-- dearest part of an entry.
alter table audit_trail drop constraint audit_trail_hash;

-- A line of the history is written by the statement that has just written its order.
alter table order_history drop constraint order_history_order;
