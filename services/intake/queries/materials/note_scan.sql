-- What the scanner said of the material at $1: $2 is the name of the virus, or null. Erasing the key of an infected one
-- makes its bytes unreadable at once. The entry of the audit trail is written only by whoever notes it first.
with noted as (
    update materials
    set scan = case when $2 is null then 'clean' else 'infected' end, signature = $2,
        object_key = case when $2 is null then object_key else ''::bytea end
    where object = $1 and scan = 'pending'
    returning order_id, kind, service_index
),
noted_replaced as (
    update replaced_materials
    set scan = case when $2 is null then 'clean' else 'infected' end, signature = $2,
        object_key = case when $2 is null then object_key else ''::bytea end
    where object = $1 and scan = 'pending'
    returning order_id, kind, service_index
)
insert into audit_pending (at, actor, role, action, object, detail)
select $3, $4, 'service', 'material.infected', 'order ' || found.order_id,
       jsonb_build_object('kind', found.kind, 'service', found.service_index, 'signature', $2)::text
from (select * from noted union all select * from noted_replaced) found
where $2 is not null
