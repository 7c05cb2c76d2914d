-- A downloaded file; nothing happens when it is already here.
insert into downloads
    (account, file_name, hash, wrapped_key, document_cipher, received_at, unhandled, problem)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict on constraint downloads_pk do nothing
