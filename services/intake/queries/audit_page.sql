-- A page of the trail.
select seq, at, actor, role, action, object, detail, previous, hash from audit_trail where seq > $1 order by seq limit $2
