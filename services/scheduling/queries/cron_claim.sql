-- Claims a job for as long as the transaction lives, unless another replica has it. An advisory lock and not a
-- row lock: a transaction with an id of its own would hold back the outbox while the job runs.
select pg_try_advisory_xact_lock(hashtextextended('cron ' || $1, 0))
