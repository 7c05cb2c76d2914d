//! The filings that results are about, and what they say.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::{OrderRef, Result};
use crate::expectation::Expectation;
use crate::reply::Reply;

/// A filing that results are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionRow {
    /// Row id.
    pub id: i64,
    /// Which order.
    pub order: OrderRef,
    /// State.
    pub state: String,
    /// What must be heard about it.
    pub expected: Expectation,
    /// Ids of all parts.
    pub isp_ids: Vec<i64>,
    /// What the bureau said so far.
    pub reply: Reply,
    /// Whether `received` was told.
    pub received_told: bool,
    /// Number, entry name and filings of its upload.
    pub file: Option<(i64, String, i32)>,
}

impl SubmissionRow {
    /// Whether the outcome is final.
    pub fn is_ended(&self) -> bool {
        matches!(self.state.as_str(), "approved" | "rejected" | "withdrawn")
    }

    fn read(row: &PgRow) -> Result<Self> {
        let reply: Option<String> = row.try_get("reply")?;
        let reply = match reply {
            None => Reply::default(),
            Some(json) => serde_json::from_str(&json).map_err(|error| sqlx::Error::Decode(error.into()))?,
        };
        let expected: Option<String> = row.try_get("expected")?;
        let sequence: Option<i64> = row.try_get("sequence")?;
        let file = match sequence {
            None => None,
            Some(sequence) => Some((sequence, row.try_get("entry_name")?, row.try_get("filings")?)),
        };
        Ok(Self {
            id: row.try_get("id")?,
            order: OrderRef::read(row)?,
            state: row.try_get("state")?,
            expected: match expected {
                None => Expectation::default(),
                Some(json) => serde_json::from_str(&json).map_err(|error| sqlx::Error::Decode(error.into()))?,
            },
            isp_ids: row.try_get("isp_ids")?,
            reply,
            received_told: row.try_get("received_told")?,
            file,
        })
    }
}

/// By what results name their filings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectKeys {
    /// Operation and key of a request.
    pub requests: Vec<(i32, String)>,
    /// Ids of ours.
    pub isp_ids: Vec<i64>,
    /// Ids and numbers of the bureau.
    pub names: Vec<String>,
    /// Entry names of uploads.
    pub entry_names: Vec<String>,
}

/// The filings of an account that results are about, locked until the end of the transaction.
pub async fn submissions_for_results(
    connection: &mut PgConnection,
    account: &str,
    keys: &SubjectKeys,
) -> Result<Vec<SubmissionRow>> {
    let rows = sqlx::query(include_str!("../../queries/submissions_for_results.sql"))
        .bind(keys.requests.iter().map(|(operation, _)| *operation).collect::<Vec<i32>>())
        .bind(keys.requests.iter().map(|(_, key)| key.as_str()).collect::<Vec<&str>>())
        .bind(&keys.isp_ids)
        .bind(&keys.names)
        .bind(&keys.entry_names)
        .bind(account)
        .fetch_all(connection)
        .await?;
    rows.iter().map(SubmissionRow::read).collect()
}

/// What a filing comes to after a reply of the bureau.
#[derive(Debug, Clone)]
pub struct StoredReply {
    /// Row id of the filing.
    pub id: i64,
    /// What the bureau said so far.
    pub reply: Reply,
    /// Its state from now on.
    pub state: &'static str,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
}

impl StoredReply {
    /// The filing is over: it was refused.
    pub fn rejected(id: i64, reply: Reply, now: DateTime<Utc>) -> Self {
        Self { id, reply, state: "rejected", ended_at: Some(now) }
    }
}

/// Stores what the bureau said, without its words; when a filing is over its personal data is erased. Answers the
/// filings that were not over before.
pub async fn store_replies(connection: &mut PgConnection, replies: &[StoredReply]) -> Result<Vec<i64>> {
    let json: serde_json::Result<Vec<String>> =
        replies.iter().map(|stored| serde_json::to_string(&stored.reply.without_words())).collect();
    sqlx::query_scalar(include_str!("../../queries/store_replies.sql"))
        .bind(replies.iter().map(|stored| stored.id).collect::<Vec<i64>>())
        .bind(json.map_err(|error| sqlx::Error::Encode(error.into()))?)
        .bind(replies.iter().map(|stored| stored.state).collect::<Vec<&str>>())
        .bind(replies.iter().map(|stored| stored.ended_at).collect::<Vec<Option<DateTime<Utc>>>>())
        .fetch_all(connection)
        .await
}

/// Lets one filing wait again, for a file of its own.
pub async fn release_submission(connection: &mut PgConnection, id: i64, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(include_str!("../../queries/release_submission.sql")).bind(id).bind(now).execute(connection).await?;
    Ok(())
}
