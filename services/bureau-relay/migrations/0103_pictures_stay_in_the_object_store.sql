-- Pictures that were made smaller for the bureau, in the object store; removed after the outcome.
alter table submissions add column own_objects text[] not null default '{}';
create index submissions_own_objects on submissions (id) where own_objects <> '{}' and ended_at is not null;
