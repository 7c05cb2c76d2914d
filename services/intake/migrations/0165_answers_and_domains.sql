-- Words of the ministry were kept in clear; they are sealed from now on.
update determination_queries set answer = answer - 'text' where answer ? 'text';

-- Is a domain in somebody's order in flight?
create index orders_domains_in_flight on orders using gin (domains)
    where phase in ('checking', 'provider_review', 'queued', 'at_bureau');
