//! Turns rows into drafts, batch by batch.

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use icp_bus::{Effects, Job, JobError, NewJob, Worker, Writes};
use icp_kit::DataKey;
use icp_kit::vault::VaultError;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::body::{Format, Row};
use super::store::{self, Finished, Import, RowState, StoredRow};
use super::{Report, reading};
use crate::api::Api;
use crate::api::auth::{Caller, Role};
use crate::api::problem::{FieldError, Kind, Problem};
use crate::audit;
use crate::store::Creator;
use crate::writes::{OrderWrite, OrderWrites};

const KIND: &str = "imports.rows";

/// Rows of one job: those with these numbers and those between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Batch {
    first: i32,
    last: i32,
}

impl Api {
    /// Stores what a reseller handed in; its rows become drafts later.
    pub async fn receive(&self, caller: &Caller, format: Format, rows: &[Row]) -> Result<Import, Problem> {
        let config = &self.config.imports;
        let (id, now, key) = (Uuid::now_v7(), self.clock.now(), DataKey::generate());
        let import = Import {
            id,
            account: caller.account.clone(),
            actor: caller.name.clone(),
            role: caller.role.as_str().to_owned(),
            format: format.as_str().to_owned(),
            row_count: i32::try_from(rows.len()).unwrap_or(i32::MAX),
            created: 0,
            failed: 0,
            data_key: self.vault.wrap(&key, id.as_bytes())?,
            received_at: now,
            ended_at: None,
        };
        let sealed = rows.iter().map(|row| Ok((row.number, lock(&key, id, row.number, row)?)));
        let sealed = sealed.collect::<Result<Vec<_>, VaultError>>()?;
        let mut effects = Effects::new();
        for batch in rows.chunks(config.batch_rows.max(1)) {
            let (Some(first), Some(last)) = (batch.first(), batch.last()) else { continue };
            let batch = Batch { first: first.number, last: last.number };
            let payload = serde_json::to_vec(&batch).unwrap_or_default();
            effects.job(NewJob { kind: KIND, key: id.to_string(), payload, run_at: Utc::now() });
        }
        let mut tx = self.bus.begin().await?;
        if !store::insert(&mut tx, &import, &sealed, config.max_running).await? {
            let detail =
                format!("{} imports of this account run already; wait until one has ended.", config.max_running);
            return Err(Problem::new(Kind::TooManyRequests, detail));
        }
        store::erase_ended(&mut tx, now - TimeDelta::days(config.keep_days.into())).await?;
        let detail = json!({ "account": import.account, "format": import.format, "rows": import.row_count });
        let entry = audit::Entry::of(caller, now, "import.received", format!("import {id}"), &detail);
        audit::store::record(&mut *tx, &[entry]).await?;
        self.carry_out(&mut tx, caller, &format!("/v1/imports/{id}")).await?;
        self.bus.commit(tx, effects).await?;
        Ok(import)
    }

    /// The key of an import's rows.
    pub fn import_key(&self, import: &Import) -> Result<DataKey, VaultError> {
        self.vault.unwrap_key(&import.data_key, import.id.as_bytes())
    }
}

/// What is stored of a row, encrypted; bound to its place.
fn lock(key: &DataKey, import_id: Uuid, number: i32, value: &impl Serialize) -> Result<Vec<u8>, VaultError> {
    key.encrypt(&place(import_id, number), &serde_json::to_vec(value).unwrap_or_default())
}

fn unlock<T: serde::de::DeserializeOwned>(
    key: &DataKey,
    import_id: Uuid,
    number: i32,
    stored: &[u8],
) -> Result<T, VaultError> {
    serde_json::from_slice(&key.decrypt(&place(import_id, number), stored)?).map_err(|_| VaultError::Broken)
}

fn place(import_id: Uuid, number: i32) -> Vec<u8> {
    [import_id.as_bytes().as_slice(), &number.to_be_bytes()].concat()
}

/// The report on a row, for the account that handed it in; empty while it waits.
pub fn report(key: &DataKey, import_id: Uuid, row: &StoredRow) -> Result<Report, VaultError> {
    match (&row.report, &row.content) {
        (Some(report), _) => unlock(key, import_id, row.row_number, report),
        (None, Some(content)) => {
            let waiting: Row = unlock(key, import_id, row.row_number, content)?;
            Ok(Report { reference: waiting.reference, errors: Vec::new() })
        }
        (None, None) => Ok(Report::default()),
    }
}

/// Does the jobs of imports.
pub struct Drafting {
    /// What drafts are made with.
    pub api: Api,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Drafted {
    drafts: Vec<OrderWrite>,
    rows: Vec<Finished>,
}

#[async_trait]
impl Worker for Drafting {
    type Answer = Drafted;

    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> Result<Drafted, JobError> {
        let Some((import, rows)) = self.waiting(job).await? else { return Ok(Drafted::default()) };
        let key = self.api.import_key(&import).map_err(|error| JobError::Retry(error.to_string()))?;
        let mut drafted = Drafted::default();
        for stored in rows {
            self.draft(&import, &key, &stored, &mut drafted).map_err(|problem| JobError::Retry(problem.to_string()))?;
        }
        Ok(drafted)
    }

    async fn complete(
        &self,
        connection: &mut PgConnection,
        answered: &[(Job, Drafted)],
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        let drafts: Vec<OrderWrite> = answered.iter().flat_map(|(_, drafted)| drafted.drafts.clone()).collect();
        let rows: Vec<Finished> = answered.iter().flat_map(|(_, drafted)| drafted.rows.clone()).collect();
        if rows.is_empty() {
            return Ok(());
        }
        OrderWrites { vault: self.api.vault.clone() }.write(connection, &drafts, effects).await?;
        store::finish(connection, &rows, self.api.clock.now()).await
    }

    async fn given_up(
        &self,
        connection: &mut PgConnection,
        job: &Job,
        _reason: &str,
        _effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        let waiting = self.waiting(job).await.map_err(|error| sqlx::Error::Protocol(format!("{error:?}")))?;
        let Some((import, rows)) = waiting else { return Ok(()) };
        // Without its key nobody can read a report either.
        let Ok(key) = self.api.import_key(&import) else { return Ok(()) };
        let fault = FieldError::new("", "could not be handled on our side", "hand the row in again");
        let report = Report { reference: None, errors: vec![fault] };
        let finished: Result<Vec<Finished>, VaultError> =
            rows.iter().map(|row| finished(&import, &key, row, &report, None)).collect();
        match finished {
            Ok(finished) => store::finish(connection, &finished, self.api.clock.now()).await,
            Err(error) => Err(sqlx::Error::Encode(Box::new(error))),
        }
    }
}

impl Drafting {
    /// The import of a job and those of its rows that wait; none where the import was erased.
    async fn waiting(&self, job: &Job) -> Result<Option<(Import, Vec<StoredRow>)>, JobError> {
        let id = Uuid::parse_str(&job.key).map_err(|error| JobError::GiveUp(error.to_string()))?;
        let batch: Batch = serde_json::from_slice(&job.payload).map_err(|error| JobError::GiveUp(error.to_string()))?;
        let pool = &self.api.bus.context().pool;
        let retry = |error: sqlx::Error| JobError::Retry(error.to_string());
        let Some(import) = store::import(pool, id).await.map_err(retry)? else { return Ok(None) };
        let most = i64::from(batch.last) - i64::from(batch.first) + 1;
        let rows = store::rows(pool, id, Some(RowState::Waiting), batch.first - 1, most).await.map_err(retry)?;
        Ok(Some((import, rows.into_iter().filter(|row| row.row_number <= batch.last).collect())))
    }

    /// Adds the draft of a row, or the report on its faults.
    fn draft(&self, import: &Import, key: &DataKey, stored: &StoredRow, drafted: &mut Drafted) -> Result<(), Problem> {
        let Some(content) = &stored.content else { return Ok(()) };
        let row: Row = unlock(key, import.id, stored.row_number, content)?;
        let mut report = Report { reference: row.reference.clone(), errors: Vec::new() };
        let order_id = match reading::read(&row) {
            Ok(filing) => {
                let (draft, effects) = self.api.new_draft(&import.account, &filing, None)?;
                let order_id = draft.id;
                let role = Role::parse(&import.role)
                    .ok_or_else(|| Problem::new(Kind::Internal, "Nobody knows the role of who handed it in."))?;
                let by = Creator { actor: import.actor.clone(), role: role.as_str() };
                drafted.drafts.push(OrderWrite::Create { draft: Box::new(draft), by, effects, request: None });
                Some(order_id)
            }
            Err(errors) => {
                report.errors = errors;
                None
            }
        };
        drafted.rows.push(finished(import, key, stored, &report, order_id)?);
        Ok(())
    }
}

fn finished(
    import: &Import,
    key: &DataKey,
    row: &StoredRow,
    report: &Report,
    order_id: Option<Uuid>,
) -> Result<Finished, VaultError> {
    let report = lock(key, import.id, row.row_number, report)?;
    Ok(Finished { import_id: import.id, row_number: row.row_number, report, order_id })
}
