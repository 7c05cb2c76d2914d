-- Who holds an organiser's record?
create index filed_services_organiser on filed_services (organiser_number, approved_at desc);
