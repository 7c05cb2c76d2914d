-- Rows that are done, and what that makes of their imports, which are locked.
with given as (
    select * from unnest($1::uuid[], $2::integer[], $3::text[], $4::bytea[], $5::uuid[])
        as t (import_id, row_number, state, report, order_id)
),
finished as (
    update import_rows
    set state = given.state, report = given.report, order_id = given.order_id, content = null
    from given
    where import_rows.import_id = given.import_id and import_rows.row_number = given.row_number
      and import_rows.state = 'waiting'
    returning import_rows.import_id, import_rows.state
),
counted as (
    select import_id, count(*) filter (where state = 'created')::integer as created,
           count(*) filter (where state = 'failed')::integer as failed
    from finished group by import_id
)
update imports
set created = imports.created + counted.created, failed = imports.failed + counted.failed,
    ended_at = case when imports.created + imports.failed + counted.created + counted.failed = imports.row_count
        then $6 end
from counted
where imports.id = counted.import_id
