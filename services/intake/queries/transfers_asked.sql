-- Transfers that wait for the consent of one of the accounts $1, which holds the record: those behind $2, oldest first.
select asked.id as order_id, asked.account, record.number as organiser_number, asked.updated_at as since
from orders asked
cross join lateral (select asked.state->>'organiser_number' as number) as named
join archive_numbers known
    on known.key = translate(left(named.number, 1), '川贵云秦甘', '蜀黔滇陕陇') || substr(named.number, 2)
    and not known.is_service
join archive_organisers record on record.id = known.record_id and record.status = 'filed'
where asked.order_type = 'transfer' and asked.phase = 'checking' and record.account = any($1)
  and ($2::uuid is null or asked.id > $2)
order by asked.id
limit $3
