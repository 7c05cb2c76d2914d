-- The content of an upload file, most of it pictures, lies in the object store beside them, encrypted under the key
-- that is wrapped here. Files from before keep theirs in container_cipher until their retention is over.
alter table upload_files add column object text;
