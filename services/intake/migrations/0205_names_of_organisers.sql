-- Units are found by the beginning of their name. A person's name is personal data: it stays in the encrypted content
-- alone, and the columns are null.
alter table archive_organisers add column name text, add column name_key text collate "C";
create index archive_organisers_name on archive_organisers (name_key, number) where name_key is not null;
-- An account's, or that of few accounts: along this one in the sequence of the list.
create index archive_organisers_account_name on archive_organisers (account, name_key, number) where name_key is not null;
