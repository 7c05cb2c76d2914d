-- Holds these orders for the transaction, also those that have no row yet. The caller sorts the locks.
select pg_advisory_xact_lock(lock) from unnest($1::bigint[]) as t (lock)
