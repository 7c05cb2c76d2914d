-- Encrypted columns cannot be compressed; do not try.
alter table submissions alter column record_cipher set storage external;
alter table submissions alter column sealed set storage external;
alter table upload_files alter column container_cipher set storage external;
alter table downloads alter column document_cipher set storage external;
