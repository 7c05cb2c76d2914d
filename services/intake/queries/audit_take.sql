-- Takes the oldest entries that wait to be linked.
delete from audit_pending
where id = any (array(select id from audit_pending order by id limit $1))
returning id, at, actor, role, action, object, detail
