//! The only SQL of this service.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use icp_kit::{DataKey, Vault};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::report::Outcome;

/// A submission of an order.
pub(crate) type SubmissionKey = (Uuid, i32);

/// A submission to be stored; `task` is the message as it came, with its subject sealed.
#[derive(Debug)]
pub(crate) struct NewVerification {
    pub(crate) key: SubmissionKey,
    pub(crate) province: &'static str,
    pub(crate) task: Vec<u8>,
}

/// Stores new submissions; tells which are new.
pub(crate) async fn insert_verifications(
    connection: &mut PgConnection,
    verifications: &[NewVerification],
    now: DateTime<Utc>,
) -> Result<Vec<SubmissionKey>, sqlx::Error> {
    let order_ids: Vec<Uuid> = verifications.iter().map(|v| v.key.0).collect();
    let attempts: Vec<i32> = verifications.iter().map(|v| v.key.1).collect();
    let provinces: Vec<&str> = verifications.iter().map(|v| v.province).collect();
    let tasks: Vec<&[u8]> = verifications.iter().map(|v| v.task.as_slice()).collect();
    sqlx::query_as(include_str!("../queries/insert_verifications.sql"))
        .bind(order_ids)
        .bind(attempts)
        .bind(provinces)
        .bind(tasks)
        .bind(now)
        .fetch_all(connection)
        .await
}

/// The task of a submission as it came.
pub(crate) async fn task(pool: &sqlx::PgPool, (order_id, attempt): SubmissionKey) -> Result<Vec<u8>, sqlx::Error> {
    sqlx::query_scalar("select task from verifications where order_id = $1 and attempt = $2")
        .bind(order_id)
        .bind(attempt)
        .fetch_one(pool)
        .await
}

/// What the engine saw of one picture, in clear.
pub(crate) struct Evidence {
    pub(crate) id: Uuid,
    pub(crate) content: Vec<u8>,
}

/// The stored part of a verification.
pub(crate) struct Verified<'a> {
    pub(crate) key: SubmissionKey,
    pub(crate) outcome: Outcome,
    pub(crate) checks: &'a [icp_proto::identity::Check],
    pub(crate) evidence: &'a [Evidence],
}

/// Stores the results of a batch; evidence is encrypted under the key of its order.
pub(crate) async fn record_results(
    connection: &mut PgConnection,
    vault: &Vault,
    verified: &[Verified<'_>],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let keys = data_keys(connection, vault, verified).await?;
    let mut evidence_rows: (Vec<Uuid>, Vec<i32>, Vec<Uuid>, Vec<Vec<u8>>) = Default::default();
    for one in verified {
        let (order_id, attempt) = one.key;
        for evidence in one.evidence {
            let key = keys.get(&order_id).ok_or(sqlx::Error::RowNotFound)?;
            let content = key.encrypt(evidence.id.as_bytes(), &evidence.content).map_err(encode_error)?;
            evidence_rows.0.push(order_id);
            evidence_rows.1.push(attempt);
            evidence_rows.2.push(evidence.id);
            evidence_rows.3.push(content);
        }
    }
    let order_ids: Vec<Uuid> = verified.iter().map(|v| v.key.0).collect();
    let attempts: Vec<i32> = verified.iter().map(|v| v.key.1).collect();
    let outcomes: Vec<&str> = verified.iter().map(|v| v.outcome.as_str()).collect();
    let checks: Vec<Value> = verified.iter().map(|v| v.checks.iter().map(check_value).collect()).collect();
    sqlx::query(include_str!("../queries/record_results.sql"))
        .bind(now)
        .bind(order_ids)
        .bind(attempts)
        .bind(outcomes)
        .bind(checks)
        .bind(evidence_rows.0)
        .bind(evidence_rows.1)
        .bind(evidence_rows.2)
        .bind(evidence_rows.3)
        .execute(connection)
        .await?;
    Ok(())
}

fn check_value(check: &icp_proto::identity::Check) -> Value {
    let evidence = Some(check.evidence.as_str()).filter(|id| !id.is_empty());
    json!({
        "name": check.name,
        "subject": check.subject,
        "passed": check.passed,
        "open": check.open,
        "evidence": evidence,
    })
}

/// The data key of each order, made where there is none.
async fn data_keys(
    connection: &mut PgConnection,
    vault: &Vault,
    verified: &[Verified<'_>],
) -> Result<HashMap<Uuid, DataKey>, sqlx::Error> {
    // Each order once: one statement cannot touch a row twice.
    let mut offered = BTreeMap::new();
    for one in verified {
        let order_id = one.key.0;
        let wrapped = vault.wrap(&DataKey::generate(), order_id.as_bytes()).map_err(encode_error)?;
        offered.insert(order_id, wrapped);
    }
    let (order_ids, wrapped): (Vec<Uuid>, Vec<Vec<u8>>) = offered.into_iter().unzip();
    let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(include_str!("../queries/data_keys.sql"))
        .bind(order_ids)
        .bind(wrapped)
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|(order_id, wrapped)| {
            vault.unwrap_key(&wrapped, order_id.as_bytes()).map(|key| (order_id, key)).map_err(encode_error)
        })
        .collect()
}

fn encode_error(error: icp_kit::vault::VaultError) -> sqlx::Error {
    sqlx::Error::Encode(Box::new(error))
}
