-- New states and their events, only where nobody else was faster (version). Orders are locked in the sequence of
-- their ids, so that two batches cannot lock each other out.
with given as (
    select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::integer[], $6::jsonb[],
                         $7::timestamptz[], $8::bytea[], $9::text[], $10::text[], $11::bytea[], $12::bytea[], $13::bytea[])
        as t (id, from_version, version, phase, attempt, state, at, content, province, domains, organiser_index,
              contact_sealed, persons_sealed)
),
locked as materialized (
    select sorted.*
    from (select * from given order by id) as sorted
    cross join lateral (select from orders where orders.id = sorted.id for update) as own
),
changed as (
    update orders
    set version = given.version, phase = given.phase, attempt = given.attempt, state = given.state,
        updated_at = given.at,
        phase_since = case when orders.phase = given.phase and orders.attempt = given.attempt
            then orders.phase_since else given.at end,
        content = coalesce(given.content, orders.content),
        province = coalesce(given.province, orders.province),
        domains = case when given.domains is null then orders.domains else string_to_array(given.domains, ' ') end,
        organiser_index = coalesce(given.organiser_index, orders.organiser_index),
        contact_sealed = coalesce(given.contact_sealed, orders.contact_sealed),
        persons_sealed = coalesce(given.persons_sealed, orders.persons_sealed)
    from locked as given
    where orders.id = given.id and orders.version = given.from_version
    returning orders.id
),
written as (
    insert into order_history (order_id, version, at, actor, event)
    select e.order_id, e.version, e.at, e.actor, e.event
    from unnest($14::uuid[], $15::bigint[], $16::timestamptz[], $17::text[], $18::jsonb[])
        as e (order_id, version, at, actor, event)
    join changed on changed.id = e.order_id
    returning order_id, version, at, actor, event
),
audited as (
    insert into audit_pending (at, actor, role, action, object, detail)
    select w.at, w.actor, r.role, 'order.' || (w.event->>'event'), 'order ' || w.order_id,
           json_build_object('version', w.version, 'sha256', encode(sha256(convert_to(w.event::text, 'UTF8')), 'hex'))
    from written w
    join unnest($14::uuid[], $15::bigint[], $19::text[]) as r (order_id, version, role)
        on r.order_id = w.order_id and r.version = w.version
    order by w.order_id, w.version
)
select id from changed
