-- What waits and what is stuck.
select
    (select count(*) from outbox o, outbox_cursor c where (o.xid, o.seq) > (c.xid, c.seq)) as outbox_pending,
    (select count(*) from jobs where not failed) as jobs_pending,
    (select count(*) from jobs where failed) as jobs_failed,
    (select count(*) from outbox where subject like 'icp.dead.%') as dead_letters
