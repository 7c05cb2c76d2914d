-- The next rows in commit order that no running transaction can still get in front of.
select xid::text as xid, seq, id, subject, kind, key, traceparent, payload, created_at
from outbox
where (outbox.xid, outbox.seq) > ($1::text::xid8, $2)
  and outbox.xid < pg_snapshot_xmin(pg_current_snapshot())
order by outbox.xid, outbox.seq
limit $3
