-- Questions of which type an order must be of. What was asked holds a certificate number, so it is encrypted under a
-- key of its own; what is known holds facts only.
create table determinations (
    id         uuid not null,
    account    text not null,
    asked      bytea not null,
    data_key   bytea not null,
    known      jsonb not null,
    created_at timestamptz not null,
    constraint determinations_pk primary key (id)
);

-- What the ministry is asked for a determination, and its answer.
create table determination_queries (
    query_id         uuid not null,
    determination_id uuid not null,
    -- "organiser" (by certificate) or "domain".
    about            text not null,
    answer           jsonb,
    constraint determination_queries_pk primary key (query_id),
    constraint determination_queries_determination foreign key (determination_id) references determinations (id)
);
create index determination_queries_determination on determination_queries (determination_id);
