//! The only SQL of this service.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use icp_kit::vault::VaultError;
use icp_kit::{DataKey, Vault};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::answer::{Answer, Given};
use crate::question::Authority;
use crate::report::{FieldResult, Outcome};

/// A submission of an order.
pub(crate) type SubmissionKey = (Uuid, i32);

/// A question as it is stored: its authority and its blind index.
pub(crate) type QuestionKey = (Authority, Vec<u8>);

/// A submission to be stored; `task` is the message as it came, with its subject sealed.
#[derive(Debug)]
pub(crate) struct NewLookup {
    pub(crate) key: SubmissionKey,
    pub(crate) province: &'static str,
    pub(crate) task: Vec<u8>,
}

/// Stores new submissions; tells which are new.
pub(crate) async fn insert_lookups(
    connection: &mut PgConnection,
    lookups: &[NewLookup],
    now: DateTime<Utc>,
) -> Result<Vec<SubmissionKey>, sqlx::Error> {
    let order_ids: Vec<Uuid> = lookups.iter().map(|v| v.key.0).collect();
    let attempts: Vec<i32> = lookups.iter().map(|v| v.key.1).collect();
    let provinces: Vec<&str> = lookups.iter().map(|v| v.province).collect();
    let tasks: Vec<&[u8]> = lookups.iter().map(|v| v.task.as_slice()).collect();
    sqlx::query_as(include_str!("../queries/insert_lookups.sql"))
        .bind(order_ids)
        .bind(attempts)
        .bind(provinces)
        .bind(tasks)
        .bind(now)
        .fetch_all(connection)
        .await
}

/// The task of a submission as it came, and when.
pub(crate) async fn task(
    pool: &PgPool,
    (order_id, attempt): SubmissionKey,
) -> Result<(Vec<u8>, DateTime<Utc>), sqlx::Error> {
    sqlx::query_as("select task, received_at from lookups where order_id = $1 and attempt = $2")
        .bind(order_id)
        .bind(attempt)
        .fetch_one(pool)
        .await
}

#[derive(sqlx::FromRow)]
struct AnswerRow {
    authority: String,
    question: Vec<u8>,
    wrapped_key: Vec<u8>,
    answer: Vec<u8>,
    asked_at: DateTime<Utc>,
}

/// The latest answers to these questions, each since its time. What cannot be decrypted counts as unknown.
pub(crate) async fn known_answers(
    pool: &PgPool,
    vault: &Vault,
    questions: &[(QuestionKey, DateTime<Utc>)],
) -> Result<HashMap<QuestionKey, Given>, sqlx::Error> {
    let authorities: Vec<&str> = questions.iter().map(|((authority, _), _)| authority.as_str()).collect();
    let indexes: Vec<&[u8]> = questions.iter().map(|((_, index), _)| index.as_slice()).collect();
    let since: Vec<DateTime<Utc>> = questions.iter().map(|(_, since)| *since).collect();
    let rows: Vec<AnswerRow> = sqlx::query_as(include_str!("../queries/known_answers.sql"))
        .bind(authorities)
        .bind(indexes)
        .bind(since)
        .fetch_all(pool)
        .await?;
    let mut known = HashMap::new();
    for row in rows {
        let authority = Authority::ALL.into_iter().find(|candidate| candidate.as_str() == row.authority);
        match (authority, open(vault, &row)) {
            (Some(authority), Some(answer)) => {
                known.insert((authority, row.question), Given { answer, asked_at: row.asked_at });
            }
            _ => tracing::warn!("a stored answer cannot be read; the register is asked again"),
        }
    }
    Ok(known)
}

fn open(vault: &Vault, row: &AnswerRow) -> Option<Answer> {
    let key = vault.unwrap_key(&row.wrapped_key, &row.question).ok()?;
    let clear = key.decrypt(&row.question, &row.answer).ok()?;
    serde_json::from_slice(&clear).ok()
}

/// Keeps answers, each encrypted under a key of its own.
pub(crate) async fn keep_answers<'a>(
    connection: &mut PgConnection,
    vault: &Vault,
    answers: impl Iterator<Item = &'a (QuestionKey, Given)>,
) -> Result<(), sqlx::Error> {
    // Each question once: one statement cannot touch a row twice.
    let mut latest: BTreeMap<&QuestionKey, &Given> = BTreeMap::new();
    for (question, given) in answers {
        let place = latest.entry(question).or_insert(given);
        if place.asked_at < given.asked_at {
            *place = given;
        }
    }
    if latest.is_empty() {
        return Ok(());
    }
    let (mut authorities, mut indexes, mut references, mut times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut wrapped_keys, mut stored) = (Vec::new(), Vec::new());
    for ((authority, index), given) in latest {
        let key = DataKey::generate();
        let clear = serde_json::to_vec(&given.answer).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        wrapped_keys.push(vault.wrap(&key, index).map_err(encode_error)?);
        stored.push(key.encrypt(index, &clear).map_err(encode_error)?);
        authorities.push(authority.as_str());
        indexes.push(index.as_slice());
        references.push(given.answer.reference());
        times.push(given.asked_at);
    }
    sqlx::query(include_str!("../queries/keep_answers.sql"))
        .bind(authorities)
        .bind(indexes)
        .bind(wrapped_keys)
        .bind(stored)
        .bind(references)
        .bind(times)
        .execute(connection)
        .await?;
    Ok(())
}

/// The stored part of a look-up.
pub(crate) struct Answered<'a> {
    pub(crate) key: SubmissionKey,
    pub(crate) outcome: Outcome,
    pub(crate) results: &'a [FieldResult],
}

/// Stores the results of a batch.
pub(crate) async fn record_results(
    connection: &mut PgConnection,
    answered: &[Answered<'_>],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let order_ids: Vec<Uuid> = answered.iter().map(|a| a.key.0).collect();
    let attempts: Vec<i32> = answered.iter().map(|a| a.key.1).collect();
    let outcomes: Vec<&str> = answered.iter().map(|a| a.outcome.as_str()).collect();
    let rows: Vec<(SubmissionKey, i32, &FieldResult)> = answered
        .iter()
        .flat_map(|one| (0..).zip(one.results).map(|(ordinal, result)| (one.key, ordinal, result)))
        .collect();
    sqlx::query(include_str!("../queries/record_results.sql"))
        .bind(now)
        .bind(order_ids)
        .bind(attempts)
        .bind(outcomes)
        .bind(rows.iter().map(|(key, _, _)| key.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _, _)| key.1).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, ordinal, _)| *ordinal).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, _, result)| result.authority.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, _, result)| result.field.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, _, result)| result.verdict.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, _, result)| result.reference.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, _, result)| result.asked_at).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Closes a submission whose look-up could not be done; tells its province unless it is closed already.
pub(crate) async fn close_unanswered(
    connection: &mut PgConnection,
    (order_id, attempt): SubmissionKey,
    now: DateTime<Utc>,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "update lookups set answered_at = $3, outcome = 'review'
         where order_id = $1 and attempt = $2 and answered_at is null returning province",
    )
    .bind(order_id)
    .bind(attempt)
    .bind(now)
    .fetch_optional(connection)
    .await
}

fn encode_error(error: VaultError) -> sqlx::Error {
    sqlx::Error::Encode(Box::new(error))
}
