insert into upload_files
    (account, sequence, entry_name, state, container_hash, document_sha256, filings, wrapped_key, object, created_at)
values ($1, $2, $3, 'ready', $4, $5, $6, $7, $8, $9)
returning id
