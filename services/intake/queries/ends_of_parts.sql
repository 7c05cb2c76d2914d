-- What ends first of what the order $1 has under way: uploads that are not complete, and entitlements that it holds.
select
    (select min(expires_at) from uploads where order_id = $1 and finished_at is null) as upload,
    (select min(expires_at) from entitlements where order_id = $1 and status = 'bound') as entitlement
