-- The outbox history since a time, page by page.
select xid::text as xid, seq, id, subject, kind, key, traceparent, payload, created_at
from outbox
where (outbox.xid, outbox.seq) > ($1::text::xid8, $2)
  and created_at >= $3
order by outbox.xid, outbox.seq
limit $4
