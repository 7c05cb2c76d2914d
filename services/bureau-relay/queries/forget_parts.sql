-- The parts of services that the bureau told anew and that are not among them any more.
delete from bureau_records
where account = $1 and service_id = any($2) and kind in ('domain', 'access', 'address') and not bureau_id = any($3)
