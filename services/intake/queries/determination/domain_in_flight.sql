-- Whether another organiser's order in flight has one of these domains.
select exists (
    select from orders
    where domains && $1::text[]
      and phase in ('checking', 'provider_review', 'queued', 'at_bureau')
      and organiser_index <> $2
)
