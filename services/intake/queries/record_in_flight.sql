-- Whether account $1 has an order in flight that names organiser $2, or a service of it that goes to another organiser, by
-- a number that it has or had; orders of the types $3 stand in nobody's way.
select exists (
    select from orders
    where account = $1 and phase in ('checking', 'provider_review', 'queued', 'at_bureau') and order_type <> all($3::text[])
      and (
          state->>'organiser_number' in (select number from archive_numbers where record_id = $2 and not is_service)
          or state->'service_numbers' ?| array(
              select known.number
              from archive_services service
              join archive_numbers known on known.record_id = service.id and known.is_service
              where service.organiser_id = $2
          )
      )
)
