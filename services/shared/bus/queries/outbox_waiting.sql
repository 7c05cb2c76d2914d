-- Whether rows wait behind a running transaction.
select exists (
    select 1 from outbox
    where (outbox.xid, outbox.seq) > ((select xid from outbox_cursor), (select seq from outbox_cursor))
)
