-- A new draft with its first event.
with created as (
    insert into orders (id, account, province, order_type, version, phase, attempt, state, domains, organiser_index,
                        content, data_key, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11, $12, $12)
    returning id
)
insert into order_history (order_id, version, at, actor, event)
select id, $5, $12, $2, $13 from created
