-- Deletes marks of messages that were handled before a time.
delete from inbox
where ctid in (select ctid from inbox where handled_at < $1 limit $2)
