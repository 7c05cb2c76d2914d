-- The content of an upload file, most of it pictures, lies in the object store beside them, encrypted under the key
-- that is wrapped here.
do $$
begin
    if exists (select from upload_files where state in ('ready', 'sending', 'unknown')) then
        raise exception 'an upload is under way: let the version before this one finish it, then update';
    end if;
end
$$;
alter table upload_files add column object text;
alter table upload_files drop column container_cipher;
update upload_files set wrapped_key = null;
