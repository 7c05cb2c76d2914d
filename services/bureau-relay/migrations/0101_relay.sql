-- Tables of the bureau relay. Personal data is stored only encrypted (columns ending in _cipher) under a
-- data key that is wrapped by the service's key-encryption key; erasing the wrapped key erases the data.

-- An account at a bureau and its upload counter.
create table accounts (
    name           text not null,
    -- Number of the last upload that the bureau accepted; null until the bureau was asked for the first time.
    last_accepted  bigint,
    -- Why the queue stands until a person acts.
    stopped_reason text,
    stopped_at     timestamptz,
    constraint accounts_pk primary key (name),
    constraint accounts_last_accepted check (last_accepted between 0 and 2147483647)
);

-- Ids that we give to the parts of a filing (IspZtid, IspWzid, IspYmid, IspJrid, IspIpid): one sequence for all.
create sequence isp_ids as bigint start with 1001;

-- One upload file; its number is fixed before it is sent for the first time.
create table upload_files (
    id              bigint generated always as identity,
    account         text not null,
    sequence        bigint not null,
    -- Name of the zip entry, by which result 5001 names the file.
    entry_name      text not null,
    state           text not null,
    -- Base64 of the MD5 of the container, as the interface wants it.
    container_hash  text not null,
    document_sha256 bytea not null,
    filings         integer not null,
    wrapped_key     bytea,
    container_cipher bytea,
    attempts        integer not null default 0,
    last_answer     text,
    created_at      timestamptz not null,
    accepted_at     timestamptz,
    constraint upload_files_pk primary key (id),
    constraint upload_files_account foreign key (account) references accounts (name),
    constraint upload_files_state check (state in ('ready', 'sending', 'unknown', 'accepted', 'refused'))
);
-- A number belongs to one file; a refused file gives its number back.
create unique index upload_files_sequence on upload_files (account, sequence) where state <> 'refused';
-- One file in flight per account: this is what keeps the counter gapless.
create unique index upload_files_one_open on upload_files (account) where state in ('ready', 'sending', 'unknown');
create index upload_files_entry_name on upload_files (entry_name);

-- One filing that was handed over for upload: one attempt of one order.
create table submissions (
    id            bigint generated always as identity,
    order_id      uuid not null,
    attempt       integer not null,
    province      text not null,
    account       text not null,
    -- W3C trace context of the task, so that the bureau's answers belong to the order's trace.
    traceparent   text,
    state         text not null default 'preparing',
    -- The task's sealed filing (HPKE); null once the record is written.
    sealed        bytea,
    wrapped_key   bytea,
    -- The record (Baxx) as it goes into a file.
    record_cipher bytea,
    record_bytes  integer,
    -- Must be sent alone, because a file with it was refused as a whole.
    alone         boolean not null default false,
    waiting_since timestamptz,
    file_id       bigint,
    -- Whether `received` was told.
    received_told boolean not null default false,
    -- Ids of the services (IspWzid) in the order of the filing.
    service_ids   bigint[] not null default '{}',
    -- What the bureau said so far: codes, texts, numbers.
    reply         jsonb,
    created_at    timestamptz not null,
    ended_at      timestamptz,
    constraint submissions_pk primary key (id),
    constraint submissions_once unique (order_id, attempt),
    constraint submissions_account foreign key (account) references accounts (name),
    constraint submissions_file foreign key (file_id) references upload_files (id),
    constraint submissions_state
        check (state in ('preparing', 'waiting', 'in_file', 'at_bureau', 'approved', 'rejected'))
);
create index submissions_waiting on submissions (account, id) where state = 'waiting';
create index submissions_file_id on submissions (file_id);

-- Correlation of our ids with the bureau's and with filing numbers.
create table parts (
    isp_id        bigint not null,
    submission_id bigint not null,
    kind          text not null,
    service_index integer not null,
    bureau_id     bigint,
    filing_number text,
    constraint parts_pk primary key (isp_id),
    constraint parts_submission foreign key (submission_id) references submissions (id),
    constraint parts_kind check (kind in ('organiser', 'service', 'domain', 'access', 'address'))
);
create index parts_submission_id on parts (submission_id);
create index parts_bureau_id on parts (bureau_id) where bureau_id is not null;

-- Files that the bureau handed out, as they came.
create table downloads (
    account         text not null,
    file_name       text not null,
    hash            text not null,
    wrapped_key     bytea,
    document_cipher bytea,
    received_at     timestamptz not null,
    acknowledged_at timestamptz,
    -- Names of the blocks that nobody handles yet, and why a document could not be read.
    unhandled       text[] not null default '{}',
    problem         text,
    constraint downloads_pk primary key (account, file_name, hash),
    constraint downloads_account foreign key (account) references accounts (name)
);
create index downloads_received on downloads using brin (received_at);
