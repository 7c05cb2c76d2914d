-- Notes facts; returns those that are new, each with the newest version that was known of the same order before.
with newest as (
    -- One look into the index for each order, however few facts the planner believes there are.
    select o.order_id, f.version
    from (select distinct order_id from unnest($1::uuid[]) as given (order_id)) as o
    cross join lateral (
        select max(version) as version from facts where facts.order_id = o.order_id and facts.what like 'order/%'
    ) as f
),
written as (
    insert into facts (order_id, what, version, seen_at)
    select order_id, what, version, $4
    from unnest($1::uuid[], $2::text[], $3::bigint[]) as t (order_id, what, version)
    on conflict do nothing
    returning order_id, what, version
)
select w.order_id, w.what, w.version, n.version as newest_before
from written w left join newest n using (order_id)
