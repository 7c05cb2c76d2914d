-- Which organisers on record have the same certificate as another one.
with verdicts as (
    select id, status = 'filed'
               and count(*) filter (where status = 'filed') over (partition by certificate_index) > 1 as shares
    from archive_organisers
    where certificate_index = any($1)
)
update archive_organisers
set shares_certificate = verdicts.shares
from verdicts
where archive_organisers.id = verdicts.id and archive_organisers.shares_certificate <> verdicts.shares
