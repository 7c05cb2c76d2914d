update downloads set wrapped_key = null, document_cipher = null
where received_at < $1 and acknowledged_at is not null and document_cipher is not null
