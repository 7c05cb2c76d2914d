-- Who is on record here, by number and by certificate?
create index filed_services_organiser on filed_services (organiser_number, approved_at desc);
create index filed_services_order on filed_services (order_id);
create index orders_approved_organiser on orders (organiser_index) where phase = 'approved';
