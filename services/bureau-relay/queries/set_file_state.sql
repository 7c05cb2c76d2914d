-- Moves a file on, unless somebody else has moved it meanwhile.
update upload_files
set state = $3, last_answer = coalesce($4, last_answer), attempts = attempts + case when $3 = 'sending' then 1 else 0 end
where id = $1 and state = $2
