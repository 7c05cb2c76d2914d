-- Whether rows wait behind a running transaction.
select exists (select 1 from outbox where (outbox.xid, outbox.seq) > ($1::text::xid8, $2))
