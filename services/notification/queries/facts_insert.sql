-- Notes facts; returns those that are new, each with the newest version that was known of the same order before.
with newest as (
    select f.order_id, max(f.version) as version
    from facts f
    where f.order_id = any($1::uuid[]) and f.what like 'order/%'
    group by f.order_id
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
