-- Moves the cursor forward, never back.
update outbox_cursor set xid = $1::text::xid8, seq = $2
where (outbox_cursor.xid, outbox_cursor.seq) < ($1::text::xid8, $2)
