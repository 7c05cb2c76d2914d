-- Questions about what the ministry has on record (isp_querybeianstatus).
create table status_queries (
    query_id    text not null,
    account     text not null,
    province    text not null,
    -- The sealed condition (HPKE); null once the question is answered.
    sealed      bytea,
    created_at  timestamptz not null,
    answered_at timestamptz,
    constraint status_queries_pk primary key (query_id),
    constraint status_queries_account foreign key (account) references accounts (name)
);
-- When the next question may be asked: the bureau wants a low rate.
alter table accounts add column next_query_at timestamptz;
