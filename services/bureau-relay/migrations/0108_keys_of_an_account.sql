-- What a bureau calls its records is unique in its store alone, and each account has a bureau.
alter table request_keys add column account text;
update request_keys set account = submissions.account from submissions where submissions.id = request_keys.submission_id;
alter table request_keys alter column account set not null;
drop index request_keys_open;
drop index request_keys_key;
create unique index request_keys_open on request_keys (account, operation, key) where is_open;
create index request_keys_key on request_keys (account, operation, key);
