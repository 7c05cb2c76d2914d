//! Applies what a download says to the filings, inside the transaction that stores the download.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use icp_bus::Effects;
use sqlx::PgConnection;

use crate::facts;
use crate::reply::{Fact, Outcome, Reply, ReplyRules, Subject, evolve};
use crate::store::{self, SubmissionRow};

/// Applies facts in document order; returns the subjects that belong to no filing of ours.
pub async fn apply(
    connection: &mut PgConnection,
    facts: &[(Subject, Fact)],
    rules: &ReplyRules,
    now: DateTime<Utc>,
    effects: &mut Effects,
) -> Result<Vec<Subject>, sqlx::Error> {
    let mut isp_ids = Vec::new();
    let mut entry_names = Vec::new();
    for (subject, _) in facts {
        match subject {
            Subject::IspId(id) => isp_ids.push(*id),
            Subject::UploadFile(name) => entry_names.push(name.clone()),
            Subject::Unmatched(_) => {}
        }
    }
    let submissions = store::submissions_for_results(connection, &isp_ids, &entry_names).await?;
    let mut unmatched: BTreeSet<Subject> = facts.iter().map(|(subject, _)| subject.clone()).collect();
    for submission in &submissions {
        let about: Vec<&(Subject, Fact)> = facts.iter().filter(|(subject, _)| is_about(subject, submission)).collect();
        for (subject, _) in &about {
            unmatched.remove(subject);
        }
        apply_to(connection, submission, &about, rules, now, effects).await?;
    }
    Ok(unmatched.into_iter().collect())
}

fn is_about(subject: &Subject, submission: &SubmissionRow) -> bool {
    match subject {
        Subject::IspId(id) => submission.isp_ids.contains(id),
        Subject::UploadFile(name) => submission.file.as_ref().is_some_and(|(_, entry, _)| entry == name),
        Subject::Unmatched(_) => false,
    }
}

async fn apply_to(
    connection: &mut PgConnection,
    submission: &SubmissionRow,
    about: &[&(Subject, Fact)],
    rules: &ReplyRules,
    now: DateTime<Utc>,
    effects: &mut Effects,
) -> Result<(), sqlx::Error> {
    let order = &submission.order;
    effects.set_cause(order.traceparent.clone());
    let mut reply = submission.reply.clone();
    let mut whole_file_refused = false;
    for (subject, fact) in about {
        if let Fact::Filed(record) = fact {
            store::set_bureau_ids(connection, submission.id, &ids_of(record)).await?;
        }
        let shares_its_file = submission.file.as_ref().is_some_and(|(_, _, filings)| *filings > 1);
        match (subject, fact) {
            // The fault may be another filing's: each is sent again alone, and only the faulty one falls.
            (Subject::UploadFile(_), Fact::Refused(_)) if shares_its_file => whole_file_refused = true,
            _ => reply = evolve(reply, fact, &submission.service_ids),
        }
    }
    if submission.is_ended() {
        if reply != submission.reply {
            effects.journal(order.order_id, "late result of the bureau", "the outcome was final already");
        }
        return Ok(());
    }
    // A result can overtake the answer to the upload.
    if let (false, Some((number, _, _))) = (submission.received_told, &submission.file) {
        effects.send(facts::received(order, *number, now));
        effects.journal(order.order_id, "taken by the bureau", format!("upload {number}, known from its result"));
    }
    if whole_file_refused {
        store::release_submission(connection, submission.id, chrono::Utc::now()).await?;
        effects.journal(
            order.order_id,
            "waits for an upload of its own",
            "the upload was refused as a whole; the fault may be in another filing",
        );
        return Ok(());
    }
    note_progress(&submission.reply, &reply, submission, effects);
    let outcome = reply.outcome(rules);
    let (state, ended_at) = match &outcome {
        // A filing that waits for an upload of its own goes on waiting.
        None if submission.state == "waiting" => ("waiting", None),
        None => ("at_bureau", None),
        Some(Outcome::Approved { .. }) => ("approved", Some(now)),
        Some(Outcome::Rejected { .. }) => ("rejected", Some(now)),
    };
    store::store_reply(connection, submission.id, &reply, state, ended_at).await?;
    if let Some(outcome) = outcome {
        effects.journal(order.order_id, format!("{state} by the bureau"), reason_of(&outcome));
        effects.send(facts::ended(order, &outcome, now));
    }
    Ok(())
}

fn note_progress(before: &Reply, after: &Reply, submission: &SubmissionRow, effects: &mut Effects) {
    if after.passed && !before.passed {
        effects.journal(submission.order.order_id, "passed by the bureau", "result 1001 or a positive review");
    }
    if after.organiser_number.is_some() && before.organiser_number.is_none() {
        effects.journal(submission.order.order_id, "filing numbers arrived", "filed data of the bureau (BASJ)");
    }
}

/// One line for the journal.
pub fn reason_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Approved { organiser_number, service_numbers } => {
            format!("numbers {organiser_number}; {}", service_numbers.join(", "))
        }
        Outcome::Rejected { results, sms_timeout } => {
            let codes: Vec<String> = results.iter().map(|result| result.code.to_string()).collect();
            let sms = if *sms_timeout { "; the SMS was not confirmed in time" } else { "" };
            format!("result {}{sms}", codes.join(", "))
        }
    }
}

fn ids_of(record: &crate::wire::download::FiledRecord) -> Vec<(i64, Option<i64>, Option<String>)> {
    let services = record.services.iter().flat_map(|service| std::iter::once(&service.service).chain(&service.parts));
    std::iter::once(&record.organiser)
        .chain(services)
        .filter_map(|part| Some((part.isp_id?, part.bureau_id, part.number.clone())))
        .collect()
}
