-- Which transfers wait for the consent of the account that holds the record?
create index orders_transfers_asked on orders (id) where order_type = 'transfer' and phase = 'checking';
