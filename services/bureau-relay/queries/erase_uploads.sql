update upload_files set wrapped_key = null, container_cipher = null
where state in ('accepted', 'refused') and created_at < $1 and container_cipher is not null
