-- The bytes at these locations are gone.
with replaced as (
    update replaced_materials set erased_at = $2 where object = any($1)
)
update materials set erased_at = $2 where object = any($1)
