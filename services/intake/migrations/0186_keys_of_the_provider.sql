-- Whether somebody of the provider made the key, or a key that was made so: its looks at personal data are recorded.
-- Where the audit trail does not say who made a key, they are too.
alter table api_keys add column made_by_provider boolean not null default true;
with recursive entries as (
    select object, role from audit_trail where action = 'key.created'
    union all
    select object, role from audit_pending where action = 'key.created'
),
of_provider as (
    select keys.id
    from api_keys keys
    where not exists (
        select from entries where entries.object = 'key ' || keys.id and entries.role in ('applicant', 'reseller')
    )
    union
    select keys.id from api_keys keys join of_provider on keys.created_by = 'key ' || of_provider.id
)
update api_keys set made_by_provider = false where id not in (select id from of_provider);
alter table api_keys alter column made_by_provider drop default;
