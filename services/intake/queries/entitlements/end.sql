-- Entitlements of services that left the record or lost their access: used up for ever.
with changed as (
    update entitlements
    set status = 'invalid', reason = given.reason, updated_at = given.at
    from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as given (service_id, reason, at)
    join archive_numbers known on known.record_id = given.service_id
    where entitlements.status = 'filed' and entitlements.service_number = known.number
    returning entitlements.id, given.at, given.reason
)
insert into entitlement_history (entitlement_id, at, actor, event, detail)
select id, at, 'archive', 'invalid', reason from changed
