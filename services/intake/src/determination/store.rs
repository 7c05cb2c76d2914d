//! Determinations in the database.

use chrono::{DateTime, Utc};
use icp_kit::Keyring;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Answers, Known, Recorded};

/// What the ministry is asked by.
pub const ABOUT_ORGANISER: &str = "organiser";
/// What the ministry is asked by.
pub const ABOUT_DOMAIN: &str = "domain";

/// A determination as it is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id.
    pub id: Uuid,
    /// Account that asks.
    pub account: String,
    /// [`super::Asked`] as JSON, encrypted.
    pub asked: Vec<u8>,
    /// Wrapped key of it.
    pub data_key: Vec<u8>,
    /// What was known.
    pub known: Known,
    /// When it was asked.
    pub created_at: DateTime<Utc>,
}

/// Stores a question with what the ministry is asked: (query, about what).
pub async fn insert(
    connection: &mut PgConnection,
    stored: &Stored,
    queries: &[(Uuid, &str)],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into determinations (id, account, asked, data_key, known, created_at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(stored.id)
    .bind(&stored.account)
    .bind(&stored.asked)
    .bind(&stored.data_key)
    .bind(sqlx::types::Json(&stored.known))
    .bind(stored.created_at)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into determination_queries (query_id, determination_id, about) \
         select query_id, $1, about from unnest($2::uuid[], $3::text[]) as t (query_id, about)",
    )
    .bind(stored.id)
    .bind(queries.iter().map(|(query, _)| *query).collect::<Vec<_>>())
    .bind(queries.iter().map(|(_, about)| *about).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps the first answer to each query; queries of others are not known here and change nothing.
pub async fn answer(connection: &mut PgConnection, answers: &[(Uuid, Recorded)]) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/determination/answer.sql"))
        .bind(answers.iter().map(|(query, _)| *query).collect::<Vec<_>>())
        .bind(answers.iter().map(|(_, answer)| sqlx::types::Json(answer)).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// A determination with the answers so far, which are opened with the keyring.
pub async fn load(pool: &PgPool, keyring: &Keyring, id: Uuid) -> Result<Option<(Stored, Answers)>, sqlx::Error> {
    type Row = (String, Vec<u8>, Vec<u8>, sqlx::types::Json<Known>, DateTime<Utc>);
    let row: Option<Row> =
        sqlx::query_as("select account, asked, data_key, known, created_at from determinations where id = $1")
            .bind(id)
            .fetch_optional(pool)
            .await?;
    let Some((account, asked, data_key, known, created_at)) = row else { return Ok(None) };
    let rows: Vec<(Uuid, String, Option<sqlx::types::Json<Recorded>>)> =
        sqlx::query_as("select query_id, about, answer from determination_queries where determination_id = $1")
            .bind(id)
            .fetch_all(pool)
            .await?;
    let mut answers = Answers::default();
    for (query_id, about, answer) in rows {
        let answer = answer.map(|json| json.0.opened(keyring, &query_id.to_string()));
        if about == ABOUT_DOMAIN {
            answers.domain = Some(answer);
        } else {
            answers.organiser = answer;
        }
    }
    Ok(Some((Stored { id, account, asked, data_key, known: known.0, created_at }, answers)))
}
