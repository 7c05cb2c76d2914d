-- Files whose content is kept no longer.
select id, object from upload_files
where state in ('accepted', 'refused') and created_at < $1 and (wrapped_key is not null or object is not null)
order by id
limit $2
