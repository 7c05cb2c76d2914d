-- Which domains are in an order in flight of another organiser than the one of the keyed digest. One look into the index for
-- each of them, whatever the planner takes the table for.
select distinct asked.place::integer
from unnest($1::text[], $2::bytea[]) with ordinality as asked (domain, organiser_index, place)
cross join lateral (
    select id from orders
    where domains && array[asked.domain] and organiser_index <> asked.organiser_index
      and phase in ('checking', 'provider_review', 'queued', 'at_bureau')
    offset 0
) as other
