-- Approved orders of account $1 of the types $4, counted up to $2; and whether a reviewer or a bureau has returned one
-- since $3.
select
    (select count(*) from (
        select from orders where account = $1 and phase = 'approved' and order_type = any($4) limit $2
    ) enough) as approved_orders,
    exists (
        select from orders
        join order_history history on history.order_id = orders.id
        where orders.account = $1 and orders.updated_at >= $3 and history.at >= $3
          and history.event->>'event' = 'returned' and history.event->>'by' in ('review', 'bureau')
    ) was_returned
