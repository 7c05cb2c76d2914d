-- What the bureau takes off the record by itself is history without an order.
alter table archive_history alter column order_id drop not null, alter column order_type drop not null;
