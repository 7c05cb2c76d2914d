-- What the bureau names by a key alone is found among the open keys of its account without reading all of them.
drop index request_keys_open;
create unique index request_keys_open on request_keys (account, key, operation) where is_open;
