-- New submissions; those already known, or older than one that is known, are left out.
insert into lookups (order_id, attempt, province, task, received_at)
select t.order_id, t.attempt, t.province, t.task, $5
from unnest($1::uuid[], $2::integer[], $3::text[], $4::bytea[]) as t (order_id, attempt, province, task)
where not exists (
    select from lookups known where known.order_id = t.order_id and known.attempt > t.attempt
)
order by t.order_id, t.attempt
on conflict (order_id, attempt) do nothing
returning order_id, attempt
