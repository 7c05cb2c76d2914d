-- Orders that are open at $1, by province, phase and age in that phase.
select province, phase,
       case
           when phase_since > $1 - interval '1 day' then 'under_1_day'
           when phase_since > $1 - interval '3 days' then '1_to_3_days'
           when phase_since > $1 - interval '10 days' then '3_to_10_days'
           when phase_since > $1 - interval '45 days' then '10_to_45_days'
           else 'over_45_days'
       end as age,
       count(*) as orders
from orders
where phase in ('draft', 'checking', 'provider_review', 'queued', 'at_bureau', 'returned')
  and ($2::text is null or province = $2)
group by 1, 2, 3
order by 1, 2, min(phase_since) desc
