-- Some provinces have two abbreviations in filing numbers. Records are found by a number with the one that bureaus
-- print; shown is the number as the bureau gave it.
alter table archive_numbers add column key text;
update archive_numbers set key = translate(left(number, 1), '川贵云秦甘', '蜀黔滇陕陇') || substr(number, 2);
-- Of a number that was kept in both forms, the one of today stays.
delete from archive_numbers
where number not in (
    select distinct on (key) number from archive_numbers order by key, until desc nulls first, since desc
);
alter table archive_numbers
    alter column key set not null,
    drop constraint archive_numbers_pk,
    add constraint archive_numbers_pk primary key (key);

insert into archive_differences (organiser_number, service_number, field, archived, at_bureau, found_at)
select translate(left(organiser_number, 1), '川贵云秦甘', '蜀黔滇陕陇') || substr(organiser_number, 2),
       translate(left(service_number, 1), '川贵云秦甘', '蜀黔滇陕陇') || substr(service_number, 2),
       field, archived, at_bureau, found_at
from archive_differences
where left(organiser_number, 1) in ('川', '贵', '云', '秦', '甘')
on conflict do nothing;
delete from archive_differences where left(organiser_number, 1) in ('川', '贵', '云', '秦', '甘');
