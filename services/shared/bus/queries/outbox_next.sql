-- The next rows after the cursor in commit order that no running transaction can still get in front of.
select outbox.xid::text as xid, outbox.seq, id, subject, kind, key, traceparent, payload, created_at
from outbox
where (outbox.xid, outbox.seq) > ((select xid from outbox_cursor), (select seq from outbox_cursor))
  and outbox.xid < pg_snapshot_xmin(pg_current_snapshot())
order by outbox.xid, outbox.seq
limit $1
