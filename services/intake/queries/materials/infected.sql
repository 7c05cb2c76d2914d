-- Locations of infected materials whose bytes are still in the object store.
select object from materials where scan = 'infected' and erased_at is null
union all
select object from replaced_materials where scan = 'infected' and erased_at is null
limit $1
