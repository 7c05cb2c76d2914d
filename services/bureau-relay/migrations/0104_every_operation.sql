-- What the bureau has on record, learnt from its filed data (BASJ): the ids by which later operations name it.
create table bureau_records (
    account       text not null,
    kind          text not null,
    bureau_id     bigint not null,
    -- The organiser and the service that it belongs to, by the bureau's ids.
    organiser_id  bigint not null,
    service_id    bigint,
    filing_number text,
    -- The domain, or the range of addresses.
    name          text,
    -- Whether an access (or address) is through this provider.
    is_own        boolean not null default true,
    constraint bureau_records_pk primary key (account, kind, bureau_id),
    constraint bureau_records_account foreign key (account) references accounts (name),
    constraint bureau_records_kind check (kind in ('organiser', 'service', 'domain', 'access', 'address'))
);
create index bureau_records_number on bureau_records (account, filing_number) where filing_number is not null;
create index bureau_records_service on bureau_records (account, service_id) where service_id is not null;
create index bureau_records_organiser on bureau_records (account, organiser_id);

insert into bureau_records (account, kind, bureau_id, organiser_id, service_id, filing_number)
select s.account, p.kind, p.bureau_id, o.bureau_id, w.bureau_id, p.filing_number
from parts p
join submissions s on s.id = p.submission_id
join parts o on o.submission_id = s.id and o.kind = 'organiser' and o.bureau_id is not null
left join parts w on w.submission_id = s.id and w.kind = 'service' and w.service_index = p.service_index
    and p.kind <> 'organiser'
where p.bureau_id is not null and (p.kind = 'organiser' or w.bureau_id is not null)
on conflict do nothing;
alter table parts drop column bureau_id, drop column filing_number;

-- What must be heard about a submission before it is done.
alter table submissions add column expected jsonb;
-- Records of the schema in it: V3.0 reports each access alone.
alter table submissions add column records integer not null default 1;

-- The keys (Bs, Jlid) by which results name the requests of a submission.
create table request_keys (
    submission_id bigint not null,
    -- Czlx
    operation     integer not null,
    key           text not null,
    -- Whether its result is still awaited; a key stands for one submission at a time.
    is_open       boolean not null default true,
    constraint request_keys_pk primary key (submission_id, operation, key),
    constraint request_keys_submission foreign key (submission_id) references submissions (id)
);
create unique index request_keys_open on request_keys (operation, key) where is_open;
create index request_keys_key on request_keys (operation, key);

-- Submissions on their way are first filings.
update submissions s set expected = jsonb_build_object(
    'organiser', jsonb_build_object('isp_id', o.isp_id),
    'services', (
        select jsonb_agg(jsonb_build_object(
            'service', jsonb_build_object('isp_id', service.id),
            'access', jsonb_build_object('isp_id', (
                select p.isp_id from parts p
                where p.submission_id = s.id and p.kind = 'access' and p.service_index = service.position - 1
            ))
        ) order by service.position)
        from unnest(s.service_ids) with ordinality as service (id, position)
    ),
    'requests', jsonb_build_array(jsonb_build_object('operation', 1, 'keys', jsonb_build_array(o.isp_id::text))),
    'awaits', 'services'
)
from parts o
where o.submission_id = s.id and o.kind = 'organiser' and s.state in ('waiting', 'in_file', 'at_bureau');
insert into request_keys (submission_id, operation, key)
select s.id, 1, s.expected -> 'organiser' ->> 'isp_id' from submissions s where s.expected is not null;
update submissions set reply = reply || '{"passed_requests": [0]}' where (reply ->> 'passed')::boolean;
alter table submissions drop column service_ids;
