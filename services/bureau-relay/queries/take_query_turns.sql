-- Takes turns for questions, one every $3 milliseconds; tells the first.
with turn as (
    select name, greatest(coalesce(next_query_at, $4), $4) as first_at from accounts where name = $1 for update
)
update accounts set next_query_at = turn.first_at + $2 * $3 * interval '1 millisecond'
from turn where accounts.name = turn.name
returning turn.first_at
