-- Rows of an import, as they came.
insert into import_rows (import_id, row_number, content)
select $1, t.row_number, t.content from unnest($2::integer[], $3::bytea[]) as t (row_number, content)
