//! Requests with an `Idempotency-Key`: carried out once, however often they are sent.
//!
//! A key is claimed before the request is handled, and its answer is stored behind it. Between the two a process can
//! die. So the transaction that makes the change also notes in the key's line that the request is carried out
//! ([`carry_out`]): neither is there without the other.
//!
//! What this guarantees, while the line is kept:
//!
//! * A change that notes itself is made once under one key. Where the process died behind the commit, a repetition is
//!   told that the request was carried out, and where the result is; the first answer itself is lost.
//! * Where the process died before, a repetition begins anew once the lease is over. It takes the line over under a
//!   new id, and a late commit of the first attempt finds its id gone and is rolled back.
//! * A request that was refused leaves its key free.
//! * A change that does not note itself (claims and releases of the reviewers' desk) may be made again; a second one
//!   changes nothing.

use std::collections::HashSet;

use icp_kit::{DataKey, Vault};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool, Row as _};
use uuid::Uuid;

/// Lines that one step of the cleaning removes at most.
const CLEAN_BATCH: i64 = 1000;

/// The section `[intake.idempotency]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdempotencyConfig {
    /// Hours for which an answer is kept.
    pub keep_hours: u32,
    /// Seconds in which a request must be answered; afterwards its repetition begins anew, unless it was carried out.
    pub lease_seconds: u32,
    /// Largest body of a request with a key, bytes.
    pub max_body_bytes: usize,
    /// How often lines whose time is over are removed, seconds.
    pub clean_every_seconds: u64,
}

/// What stands under a key.
#[derive(Debug)]
pub enum Claim {
    /// The key is the caller's: the request is to be handled under this id.
    Yours(Uuid),
    /// It was used for another request.
    OtherRequest,
    /// The first request is still at work, for so many seconds at most.
    AtWork(u64),
    /// It was carried out, and its answer is lost; the result is at this path.
    AnswerLost(Option<String>),
    /// It was answered.
    Answered(KeptAnswer),
}

/// An answer that is kept.
#[derive(Debug)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers that matter: name and value.
    pub headers: Vec<(String, String)>,
    id: Uuid,
    answer: Vec<u8>,
    data_key: Vec<u8>,
}

impl KeptAnswer {
    /// The body.
    pub fn body(&self, vault: &Vault) -> Result<Vec<u8>, icp_kit::vault::VaultError> {
        vault.unwrap_key(&self.data_key, self.id.as_bytes())?.decrypt(self.id.as_bytes(), &self.answer)
    }
}

/// Claims a key for a request.
pub async fn claim(
    pool: &PgPool,
    config: &IdempotencyConfig,
    key_index: &[u8],
    digest: &[u8],
) -> Result<Claim, sqlx::Error> {
    let id = Uuid::now_v7();
    let claimed = sqlx::query(include_str!("../../queries/access/claim_request.sql"))
        .bind(key_index)
        .bind(id)
        .bind(digest)
        .bind(f64::from(config.lease_seconds))
        .bind(f64::from(config.keep_hours) * 3600.0)
        .execute(pool)
        .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::Yours(id));
    }
    let row = sqlx::query(
        "select id, digest, carried_out_at is not null as is_carried_out, location, status, headers, answer, data_key, \
         greatest(0, ceil(extract(epoch from leased_until - now())))::bigint as lease_left \
         from keyed_requests where key_index = $1",
    )
    .bind(key_index)
    .fetch_optional(pool)
    .await?;
    // The request that had it was refused just now, and the key is free again.
    let Some(row) = row else { return Ok(Claim::AtWork(1)) };
    if row.try_get::<Vec<u8>, _>("digest")? != digest {
        return Ok(Claim::OtherRequest);
    }
    let lease_left: i64 = row.try_get("lease_left")?;
    let status: Option<i32> = row.try_get("status")?;
    if let (Some(status), Some(answer), Some(data_key)) =
        (status.and_then(|status| u16::try_from(status).ok()), row.try_get("answer")?, row.try_get("data_key")?)
    {
        let headers: Option<sqlx::types::Json<Vec<(String, String)>>> = row.try_get("headers")?;
        let headers = headers.map(|headers| headers.0).unwrap_or_default();
        return Ok(Claim::Answered(KeptAnswer { status, headers, id: row.try_get("id")?, answer, data_key }));
    }
    if lease_left > 0 || !row.try_get::<bool, _>("is_carried_out")? {
        return Ok(Claim::AtWork(u64::try_from(lease_left).unwrap_or_default().max(1)));
    }
    Ok(Claim::AnswerLost(row.try_get("location")?))
}

/// Notes, in the transaction of a change, that requests are carried out, and where their results are. Those that are
/// missing in the answer must not be: a repetition has taken their key over.
pub async fn carry_out(connection: &mut PgConnection, requests: &[(Uuid, &str)]) -> Result<HashSet<Uuid>, sqlx::Error> {
    let noted: Vec<Uuid> = sqlx::query_scalar(include_str!("../../queries/access/carry_out_requests.sql"))
        .bind(requests.iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .bind(requests.iter().map(|(_, location)| *location).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    Ok(noted.into_iter().collect())
}

/// Takes a note of this transaction back: the change was refused after all.
pub async fn take_back(connection: &mut PgConnection, requests: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query("update keyed_requests set carried_out_at = null, location = null where id = any($1)")
        .bind(requests)
        .execute(connection)
        .await
        .map(drop)
}

/// Keeps the answer of a request, its body encrypted.
pub async fn keep(
    pool: &PgPool,
    vault: &Vault,
    id: Uuid,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> anyhow::Result<()> {
    let data_key = DataKey::generate();
    sqlx::query("update keyed_requests set status = $2, headers = $3, answer = $4, data_key = $5 where id = $1")
        .bind(id)
        .bind(i32::from(status))
        .bind(sqlx::types::Json(headers))
        .bind(data_key.encrypt(id.as_bytes(), body)?)
        .bind(vault.wrap(&data_key, id.as_bytes())?)
        .execute(pool)
        .await?;
    Ok(())
}

/// Frees the key of a request that was refused; one that was carried out stays.
pub async fn free(pool: &PgPool, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("delete from keyed_requests where id = $1 and carried_out_at is null")
        .bind(id)
        .execute(pool)
        .await
        .map(drop)
}

/// Removes lines whose time is over; tells how many.
pub async fn clean(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let mut removed = 0;
    loop {
        let step = sqlx::query(
            "delete from keyed_requests where key_index in \
             (select key_index from keyed_requests where expires_at <= now() limit $1 for update skip locked)",
        )
        .bind(CLEAN_BATCH)
        .execute(pool)
        .await?
        .rows_affected();
        removed += step;
        if step < CLEAN_BATCH.unsigned_abs() {
            return Ok(removed);
        }
    }
}
