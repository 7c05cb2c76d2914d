-- The first answer to each query stays.
update determination_queries
set answer = given.answer
from (select distinct on (query_id) query_id, answer from unnest($1::uuid[], $2::jsonb[]) as t (query_id, answer)) as given
where determination_queries.query_id = given.query_id and determination_queries.answer is null
