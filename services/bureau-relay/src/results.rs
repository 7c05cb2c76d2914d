//! Applies what a download says to the filings, inside the transaction that stores the download.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use icp_bus::Effects;
use icp_domain::BureauOperation;
use icp_kit::Keyring;
use sqlx::PgConnection;

use crate::expectation::operation_code;
use crate::facts;
use crate::reply::{Approval, Fact, Outcome, Reply, ReplyRules, Subject, evolve};
use crate::store::{self, OrderRef, StoredReply, SubjectKeys, SubmissionRow};
use crate::wire::download::{FiledRecord, ResultCode};

/// Whose results are read.
pub struct Reader<'a> {
    /// Name of the account.
    pub account: &'a str,
    /// Number of the provider at the bureau.
    pub isp_id: i64,
    /// How results are read.
    pub rules: &'a ReplyRules,
    /// Seals the bureau's words.
    pub keyring: &'a Keyring,
}

/// What a download says beside the ends of filings.
#[derive(Debug, Default)]
pub struct Applied<'a> {
    /// Records that no filing at the bureau waits for, and those that were sent again.
    pub records: Vec<&'a FiledRecord>,
    /// What results are about that belong to no filing of ours.
    pub strange: BTreeSet<&'a Subject>,
}

/// Applies facts in document order.
pub async fn apply<'a>(
    connection: &mut PgConnection,
    facts: &'a [(Subject, Fact)],
    reader: &Reader<'_>,
    now: DateTime<Utc>,
    effects: &mut Effects,
) -> Result<Applied<'a>, sqlx::Error> {
    let filed: Vec<_> =
        facts.iter().filter_map(|(_, fact)| if let Fact::Filed(it) = fact { Some(it) } else { None }).collect();
    store::remember_records(connection, reader.account, &filed, reader.isp_id).await?;
    let submissions = store::submissions_for_results(connection, reader.account, &keys_of(facts)).await?;
    let mut known: BTreeSet<&Subject> = BTreeSet::new();
    let mut awaited: BTreeSet<&Subject> = BTreeSet::new();
    let mut replies = Vec::new();
    for submission in &submissions {
        let about: Vec<&(Subject, Fact)> = facts.iter().filter(|(subject, _)| is_about(subject, submission)).collect();
        known.extend(about.iter().map(|(subject, _)| subject));
        if submission.file.is_some() && !submission.is_ended() {
            awaited.extend(about.iter().map(|(subject, _)| subject));
        }
        if !about.is_empty() {
            replies.extend(apply_to(connection, submission, &about, reader, now, effects).await?);
        }
    }
    store::store_replies(connection, &replies).await?;
    let mut applied = Applied::default();
    for (subject, fact) in facts {
        match fact {
            Fact::Filed(record) if record.is_resent || !awaited.contains(subject) => applied.records.push(record),
            Fact::Filed(_) => {}
            _ if known.contains(subject) => {}
            _ => {
                applied.strange.insert(subject);
            }
        }
    }
    Ok(applied)
}

fn keys_of(facts: &[(Subject, Fact)]) -> SubjectKeys {
    let mut keys = SubjectKeys::default();
    for (subject, _) in facts {
        match subject {
            Subject::Request(operation, key) => {
                keys.requests.push((i32::try_from(*operation).unwrap_or(i32::MAX), key.clone()));
            }
            Subject::Record { isp_ids, names } => {
                keys.isp_ids.extend(isp_ids);
                keys.names.extend(names.iter().cloned());
            }
            Subject::UploadFile(name) => keys.entry_names.push(name.clone()),
            Subject::Unmatched(_) => {}
        }
    }
    keys
}

fn is_about(subject: &Subject, submission: &SubmissionRow) -> bool {
    let requests = &submission.expected.requests;
    match subject {
        Subject::Request(operation, key) => {
            requests.iter().any(|request| request.operation == *operation && request.keys.contains(key))
        }
        Subject::Record { isp_ids, names } => {
            isp_ids.iter().any(|id| submission.isp_ids.contains(id))
                || requests.iter().flat_map(|request| &request.keys).any(|key| names.contains(key))
        }
        Subject::UploadFile(name) => submission.file.as_ref().is_some_and(|(_, entry, _)| entry == name),
        Subject::Unmatched(_) => false,
    }
}

/// What is to be stored of what was said about a filing.
async fn apply_to(
    connection: &mut PgConnection,
    submission: &SubmissionRow,
    about: &[&(Subject, Fact)],
    reader: &Reader<'_>,
    now: DateTime<Utc>,
    effects: &mut Effects,
) -> Result<Option<StoredReply>, sqlx::Error> {
    let order = &submission.order;
    effects.set_cause(order.traceparent.clone());
    let mut reply = submission.reply.clone();
    let mut whole_file_refused = false;
    for (subject, fact) in about {
        let shares_its_file = submission.file.as_ref().is_some_and(|(_, _, filings)| *filings > 1);
        match (subject, fact) {
            // The fault may be another filing's: each is sent again alone, and only the faulty one falls.
            (Subject::UploadFile(_), Fact::Refused(_)) if shares_its_file => whole_file_refused = true,
            _ => reply = evolve(reply, subject, fact, &submission.expected, reader.isp_id),
        }
    }
    if submission.is_ended() {
        // Filed data goes on naming our ids of an organiser in all later operations on it.
        let before = &submission.reply;
        if reply.passed_requests != before.passed_requests || reply.refusal_codes() != before.refusal_codes() {
            effects.journal(order.order_id, "late result of the bureau", "the outcome was final already");
        }
        return Ok(None);
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
        return Ok(None);
    }
    note_progress(&submission.reply, &reply, submission, effects);
    let outcome = reply.outcome(&submission.expected, reader.rules);
    let (state, ended_at) = match &outcome {
        // A filing that waits for an upload of its own goes on waiting.
        None if submission.state == "waiting" => ("waiting", None),
        None => ("at_bureau", None),
        Some(Outcome::Approved(_)) => ("approved", Some(now)),
        Some(Outcome::Rejected { .. }) => ("rejected", Some(now)),
    };
    if let Some(outcome) = outcome {
        if let Outcome::Approved(approval) = &outcome {
            forget_removed(connection, submission, approval, reader).await?;
        }
        effects.journal(order.order_id, format!("{state} by the bureau"), reason_of(&outcome));
        effects.send(facts::ended(reader.keyring, order, &outcome, now));
    }
    Ok(Some(StoredReply { id: submission.id, reply, state, ended_at }))
}

/// A cancellation that was carried out takes its record out of our correlation too.
async fn forget_removed(
    connection: &mut PgConnection,
    submission: &SubmissionRow,
    approval: &Approval,
    reader: &Reader<'_>,
) -> Result<(), sqlx::Error> {
    let operation = submission.expected.requests.first().map(|request| request.operation);
    let code_of = |of: BureauOperation| Some(operation_code(of));
    let (kind, ids) = if operation == code_of(BureauOperation::DeregisterOrganiser) {
        ("organiser", vec![approval.organiser_id])
    } else if operation == code_of(BureauOperation::DeregisterService) {
        ("service", approval.service_ids.clone())
    } else if operation == code_of(BureauOperation::CancelAccess) {
        ("access", approval.access_ids.clone())
    } else {
        return Ok(());
    };
    for id in ids.into_iter().flatten() {
        store::forget_record(connection, reader.account, kind, id).await?;
    }
    Ok(())
}

fn note_progress(before: &Reply, after: &Reply, submission: &SubmissionRow, effects: &mut Effects) {
    if after.passed_requests.len() > before.passed_requests.len() {
        effects.journal(submission.order.order_id, "passed by the bureau", "result 1001 or a positive review");
    }
    if after.organiser_number.is_some() && before.organiser_number.is_none() {
        effects.journal(submission.order.order_id, "filing numbers arrived", "filed data of the bureau (BASJ)");
    }
}

/// Ends filings that the bureau would refuse and tells their orders, unless they were over before.
pub async fn refuse(
    connection: &mut PgConnection,
    refused: &[(i64, &OrderRef, Vec<ResultCode>)],
    keyring: &Keyring,
    now: DateTime<Utc>,
    effects: &mut Effects,
) -> Result<(), sqlx::Error> {
    let reply = |results: &[ResultCode]| Reply { refusals: results.to_vec(), ..Reply::default() };
    let replies: Vec<StoredReply> =
        refused.iter().map(|(id, _, results)| StoredReply::rejected(*id, reply(results), now)).collect();
    let ended = store::store_replies(connection, &replies).await?;
    for (_, order, results) in refused.iter().filter(|(id, _, _)| ended.contains(id)) {
        let outcome = Outcome::Rejected { results: results.clone(), sms_timeout: false };
        effects.set_cause(order.traceparent.clone());
        effects.journal(order.order_id, "refused before the upload", reason_of(&outcome));
        effects.send(facts::ended(keyring, order, &outcome, now));
    }
    Ok(())
}

/// One line for the journal.
pub fn reason_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Approved(approval) if approval.service_numbers.is_empty() => {
            format!("number {}", approval.organiser_number)
        }
        Outcome::Approved(approval) => {
            format!("numbers {}; {}", approval.organiser_number, approval.service_numbers.join(", "))
        }
        Outcome::Rejected { results, sms_timeout } => {
            let codes: Vec<String> = results.iter().map(|result| result.code.to_string()).collect();
            let sms = if *sms_timeout { "; the SMS was not confirmed in time" } else { "" };
            format!("result {}{sms}", codes.join(", "))
        }
    }
}
