-- Attempts that were taken back before the bureau had them.
alter table submissions drop constraint submissions_state;
alter table submissions add constraint submissions_state
    check (state in ('preparing', 'waiting', 'in_file', 'at_bureau', 'approved', 'rejected', 'withdrawn'));

-- The bureau's words about filings that have ended: officers write freely, so they are not kept in clear.
update submissions
set reply = jsonb_set(reply, '{refusals}', (
    select jsonb_agg(refusal - 'text') from jsonb_array_elements(reply -> 'refusals') as refusal
))
where jsonb_array_length(reply -> 'refusals') > 0;
