-- Marks messages as handled by a consumer; returns those that were not marked before.
insert into inbox (consumer, message_id)
select distinct $1, id from unnest($2::uuid[]) as t (id)
on conflict do nothing
returning message_id
