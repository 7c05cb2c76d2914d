-- The checks of a verification belong together: one value instead of forty rows. Each is
-- {"name", "subject", "passed", "evidence"}, in the sequence in which they were made; no personal data.
alter table verifications add column checks jsonb;

update verifications
set checks = made.checks
from (
    select order_id, attempt,
           jsonb_agg(jsonb_build_object('name', name, 'subject', subject, 'passed', passed, 'evidence', evidence_id)
                     order by ordinal) as checks
    from checks
    group by order_id, attempt
) as made
where verifications.order_id = made.order_id and verifications.attempt = made.attempt;

drop table checks;

-- Evidence is written by the statement that has just written the outcome of its verification.
alter table evidence drop constraint evidence_verification;
