-- A new import, unless the account has as many running as it may.
insert into imports (id, account, actor, role, format, row_count, data_key, received_at)
select $1, $2, $3, $4, $5, $6, $7, $8
where (select count(*) from imports where account = $2 and ended_at is null) < $9
