//! The SQL of orders.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use icp_domain::OrderType;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row as _};
use uuid::Uuid;

use crate::approval::CarriedOut;
use crate::deadlines::Estimate;
use crate::entitlements;
use crate::order::{Event, Order, Phase};

/// An order as it is stored.
#[derive(Debug, Clone)]
pub struct StoredOrder {
    /// Id of the order.
    pub id: Uuid,
    /// Account that owns it.
    pub account: String,
    /// Letters of the province.
    pub province: String,
    /// State.
    pub order: Order,
    /// Domains of all its services, A-label form.
    pub domains: Vec<String>,
    /// Keyed digest of the organiser's certificate number.
    pub organiser_index: Vec<u8>,
    /// The filing, encrypted.
    pub content: Vec<u8>,
    /// Wrapped key of the content.
    pub data_key: Vec<u8>,
    /// Contact, sealed for "notify" (encoded `Sealed`).
    pub contact_sealed: Option<Vec<u8>>,
    /// Persons in charge, sealed for "sms" (encoded `Sealed`).
    pub persons_sealed: Option<Vec<u8>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// Who creates an order.
#[derive(Debug, Clone)]
pub struct Creator {
    /// Its name in the history.
    pub actor: String,
    /// Its role, for the audit trail.
    pub role: &'static str,
}

/// A transition to store.
#[derive(Debug, Clone)]
pub struct Change {
    /// Id of the order.
    pub id: Uuid,
    /// Version before.
    pub from_version: i64,
    /// State after.
    pub after: Order,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it: an account, or a service.
    pub actor: String,
    /// Role of the actor, for the audit trail.
    pub role: &'static str,
    /// What happened, oldest first.
    pub events: Vec<Event>,
    /// New content, where the applicant changed it.
    pub content: Option<Content>,
    /// Contact for "notify" and persons for "sms", where they were sealed anew.
    pub sealed: Option<(Vec<u8>, Vec<u8>)>,
    /// What goes into the archive, where the order ends with it.
    pub carried_out: Option<CarriedOut>,
}

/// The declared content and what is found by it.
#[derive(Debug, Clone)]
pub struct Content {
    /// The filing, encrypted.
    pub cipher: Vec<u8>,
    /// Letters of the province.
    pub province: String,
    /// Domains of all its services, A-label form.
    pub domains: Vec<String>,
    /// Keyed digest of the organiser's certificate number.
    pub organiser_index: Vec<u8>,
    /// How many services it declares.
    pub services: i32,
}

/// One line of the order's history.
#[derive(Debug, Clone)]
pub struct HistoryRow {
    /// Version after the event.
    pub version: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What.
    pub event: Value,
}

impl HistoryRow {
    /// Name of the event, e.g. `submitted`.
    pub fn name(&self) -> &str {
        self.event.get("event").and_then(Value::as_str).unwrap_or_default()
    }
}

const COLUMNS: &str = "id, account, province, state, domains, organiser_index, content, data_key, contact_sealed, \
                       persons_sealed, created_at, updated_at";

/// Reads an order from a row with all its columns.
pub fn read(row: &PgRow) -> Result<StoredOrder, sqlx::Error> {
    let state: sqlx::types::Json<Order> = row.try_get("state")?;
    Ok(StoredOrder {
        id: row.try_get("id")?,
        account: row.try_get("account")?,
        province: row.try_get("province")?,
        order: state.0,
        domains: row.try_get("domains")?,
        organiser_index: row.try_get("organiser_index")?,
        content: row.try_get("content")?,
        data_key: row.try_get("data_key")?,
        contact_sealed: row.try_get("contact_sealed")?,
        persons_sealed: row.try_get("persons_sealed")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

/// Stores new drafts.
pub async fn insert(connection: &mut PgConnection, drafts: &[(&StoredOrder, &Creator)]) -> Result<(), sqlx::Error> {
    fn all<'a, T>(drafts: &[(&'a StoredOrder, &Creator)], of: impl Fn(&'a StoredOrder) -> T) -> Vec<T> {
        drafts.iter().map(|(draft, _)| of(draft)).collect()
    }
    sqlx::query(include_str!("../queries/insert_orders.sql"))
        .bind(all(drafts, |order| order.id))
        .bind(all(drafts, |order| order.account.as_str()))
        .bind(all(drafts, |order| order.province.as_str()))
        .bind(all(drafts, |order| order.order.order_type.as_str()))
        .bind(all(drafts, |order| order.order.version))
        .bind(all(drafts, |order| order.order.phase.as_str()))
        .bind(all(drafts, |order| sqlx::types::Json(&order.order)))
        .bind(all(drafts, |order| joined(&order.domains)))
        .bind(all(drafts, |order| order.organiser_index.as_slice()))
        .bind(all(drafts, |order| order.content.as_slice()))
        .bind(all(drafts, |order| order.data_key.as_slice()))
        .bind(all(drafts, |order| order.created_at))
        .bind(all(drafts, |order| sqlx::types::Json(created(&order.order))))
        .bind(drafts.iter().map(|(_, by)| by.actor.as_str()).collect::<Vec<_>>())
        .bind(drafts.iter().map(|(_, by)| by.role).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

fn created(order: &Order) -> Event {
    Event::Created { order_type: order.order_type, determination: order.determination }
}

/// Domains as one text, because an array of arrays has no rows: names hold no blanks.
fn joined(domains: &[String]) -> String {
    domains.join(" ")
}

/// Reads orders.
pub async fn load_all(pool: &PgPool, ids: &[Uuid]) -> Result<HashMap<Uuid, StoredOrder>, sqlx::Error> {
    let query = format!("select {COLUMNS} from orders where id = any($1)");
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(ids).fetch_all(pool).await?;
    rows.iter().map(|row| read(row).map(|order| (order.id, order))).collect()
}

/// Reads and locks orders, always in the same sequence so that two batches cannot lock each other out.
pub async fn load_for_update(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, StoredOrder>, sqlx::Error> {
    let query = format!("select {COLUMNS} from orders where id = any($1) order by id for update");
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(ids).fetch_all(connection).await?;
    rows.iter().map(|row| read(row).map(|order| (order.id, order))).collect()
}

/// Stores transitions with their events; tells which were not overtaken by another change.
pub async fn save(connection: &mut PgConnection, changes: &[Change]) -> Result<HashSet<Uuid>, sqlx::Error> {
    let events = || {
        changes.iter().flat_map(|change| {
            change.events.iter().zip(change.from_version + 1..).map(move |(event, version)| (change, event, version))
        })
    };
    fn all<'a, T>(changes: &'a [Change], of: impl Fn(&'a Change) -> T) -> Vec<T> {
        changes.iter().map(of).collect()
    }
    let stored: Vec<Uuid> = sqlx::query_scalar(include_str!("../queries/save_orders.sql"))
        .bind(all(changes, |c| c.id))
        .bind(all(changes, |c| c.from_version))
        .bind(all(changes, |c| c.after.version))
        .bind(all(changes, |c| c.after.phase.as_str()))
        .bind(all(changes, |c| i32::try_from(c.after.attempt).unwrap_or(i32::MAX)))
        .bind(all(changes, |c| sqlx::types::Json(&c.after)))
        .bind(all(changes, |c| c.at))
        .bind(all(changes, |c| c.content.as_ref().map(|content| content.cipher.as_slice())))
        .bind(all(changes, |c| c.content.as_ref().map(|content| content.province.as_str())))
        .bind(all(changes, |c| c.content.as_ref().map(|content| joined(&content.domains))))
        .bind(all(changes, |c| c.content.as_ref().map(|content| content.organiser_index.as_slice())))
        .bind(all(changes, |c| c.sealed.as_ref().map(|(contact, _)| contact.as_slice())))
        .bind(all(changes, |c| c.sealed.as_ref().map(|(_, persons)| persons.as_slice())))
        .bind(events().map(|(change, ..)| change.id).collect::<Vec<_>>())
        .bind(events().map(|(_, _, version)| version).collect::<Vec<_>>())
        .bind(events().map(|(change, ..)| change.at).collect::<Vec<_>>())
        .bind(events().map(|(change, ..)| change.actor.as_str()).collect::<Vec<_>>())
        .bind(events().map(|(_, event, _)| sqlx::types::Json(event)).collect::<Vec<_>>())
        .bind(events().map(|(change, ..)| change.role).collect::<Vec<_>>())
        .fetch_all(&mut *connection)
        .await?;
    let stored: HashSet<Uuid> = stored.into_iter().collect();
    entitlements::store::follow(connection, changes.iter().filter(|change| stored.contains(&change.id))).await?;
    Ok(stored)
}

/// Versions of orders, for the answer to a request that came too late.
pub async fn versions(connection: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, sqlx::Error> {
    let rows: Vec<(Uuid, i64)> =
        sqlx::query_as("select id, version from orders where id = any($1)").bind(ids).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// Types of orders that are not carried to the bureau: they stand in the way of no other order.
fn own_business() -> Vec<&'static str> {
    let types = OrderType::ALL.into_iter().filter(|order_type| order_type.description().bureau.is_none());
    types.map(OrderType::as_str).collect()
}

/// How many other orders each organiser has in flight: (its index, the order that is not counted) → number.
pub async fn count_in_flight(pool: &PgPool, asked: &[(Vec<u8>, Uuid)]) -> Result<Vec<i64>, sqlx::Error> {
    let rows: Vec<(i32, i64)> = sqlx::query_as(include_str!("../queries/count_in_flight.sql"))
        .bind(asked.iter().map(|(index, _)| index.as_slice()).collect::<Vec<_>>())
        .bind(asked.iter().map(|(_, except)| *except).collect::<Vec<_>>())
        .bind(own_business())
        .fetch_all(pool)
        .await?;
    let counts: HashMap<i32, i64> = rows.into_iter().collect();
    Ok((1..).take(asked.len()).map(|place: i32| counts.get(&place).copied().unwrap_or(0)).collect())
}

/// Whether each domain, A-label form, is in an order in flight of another organiser: (domain, the organiser's index).
pub async fn are_domains_in_flight(pool: &PgPool, asked: &[(String, Vec<u8>)]) -> Result<Vec<bool>, sqlx::Error> {
    let places: Vec<i32> = sqlx::query_scalar(include_str!("../queries/domain_in_flight.sql"))
        .bind(asked.iter().map(|(domain, _)| domain.as_str()).collect::<Vec<_>>())
        .bind(asked.iter().map(|(_, index)| index.as_slice()).collect::<Vec<_>>())
        .fetch_all(pool)
        .await?;
    Ok((1..).take(asked.len()).map(|place: i32| places.contains(&place)).collect())
}

/// Whether an account has an order in flight that names this organiser on record, or a service of it.
pub async fn is_record_in_flight(pool: &PgPool, account: &str, organiser_id: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(include_str!("../queries/record_in_flight.sql"))
        .bind(account)
        .bind(organiser_id)
        .bind(own_business())
        .fetch_one(pool)
        .await
}

/// A transfer (转移备案) that waits for the account that holds the record.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct TransferAsked {
    /// Id of the order.
    pub order_id: Uuid,
    /// Account that asks for the record.
    pub account: String,
    /// Number of the organiser.
    pub organiser_number: String,
    /// When it was asked.
    pub since: DateTime<Utc>,
}

/// Transfers that wait for one of these accounts, oldest first.
pub async fn transfers_asked(
    pool: &PgPool,
    holders: &[String],
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<TransferAsked>, sqlx::Error> {
    sqlx::query_as(include_str!("../queries/transfers_asked.sql"))
        .bind(holders)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// Versions of orders now.
pub async fn current_versions(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    sqlx::query_as("select id, version from orders where id = any($1)").bind(ids).fetch_all(pool).await
}

/// The history of an order, oldest first.
pub async fn history(pool: &PgPool, order_id: Uuid) -> Result<Vec<HistoryRow>, sqlx::Error> {
    history_page(pool, order_id, 0, i64::MAX).await
}

/// At most so many events of an order behind a version, oldest first.
pub async fn history_page(
    pool: &PgPool,
    order_id: Uuid,
    after: i64,
    limit: i64,
) -> Result<Vec<HistoryRow>, sqlx::Error> {
    let rows = sqlx::query(
        "select version, at, actor, event from order_history where order_id = $1 and version > $2 \
         order by version limit $3",
    )
    .bind(order_id)
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(HistoryRow {
                version: row.try_get("version")?,
                at: row.try_get("at")?,
                actor: row.try_get("actor")?,
                event: row.try_get("event")?,
            })
        })
        .collect()
}

/// A filing as it was handed in.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SubmittedFiling {
    /// Version of the order after the submission.
    pub version: i64,
    /// Which submission, from 1.
    pub attempt: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// The filing, encrypted under the order's data key.
    pub content: Vec<u8>,
}

/// Keeps the filings of orders that are handed in.
pub async fn keep_submissions(connection: &mut PgConnection, submitted: &[&Change]) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../queries/keep_submissions.sql"))
        .bind(submitted.iter().map(|change| change.id).collect::<Vec<_>>())
        .bind(submitted.iter().map(|change| change.from_version + 1).collect::<Vec<_>>())
        .bind(
            submitted.iter().map(|change| i32::try_from(change.after.attempt).unwrap_or(i32::MAX)).collect::<Vec<_>>(),
        )
        .bind(submitted.iter().map(|change| change.at).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// The last submission of an order.
pub async fn last_submission(pool: &PgPool, order_id: Uuid) -> Result<Option<SubmittedFiling>, sqlx::Error> {
    sqlx::query_as(
        "select version, attempt, at, content from submissions where order_id = $1 order by version desc limit 1",
    )
    .bind(order_id)
    .fetch_optional(pool)
    .await
}

/// The submission that a reviewer decided on last, before the one that is under way.
pub async fn decided_submission(pool: &PgPool, order_id: Uuid) -> Result<Option<SubmittedFiling>, sqlx::Error> {
    sqlx::query_as(include_str!("../queries/decided_submission.sql")).bind(order_id).fetch_optional(pool).await
}

/// When the first of the uploads that are not complete ends, and the first of the entitlements that an order holds.
#[derive(Debug, Clone, Copy, Default, sqlx::FromRow)]
pub struct EndsOfParts {
    /// Of an upload.
    pub upload: Option<DateTime<Utc>>,
    /// Of an entitlement.
    pub entitlement: Option<DateTime<Utc>>,
}

/// What an order has under way that ends by itself.
pub async fn ends_of_parts(pool: &PgPool, order_id: Uuid) -> Result<EndsOfParts, sqlx::Error> {
    sqlx::query_as(include_str!("../queries/ends_of_parts.sql")).bind(order_id).fetch_one(pool).await
}

/// How long the steps of orders took in a province, from at most so many orders that ended last.
pub async fn estimates(pool: &PgPool, province: &str, orders_max: i64) -> Result<Vec<Estimate>, sqlx::Error> {
    sqlx::query_as(include_str!("../queries/estimates.sql")).bind(province).bind(orders_max).fetch_all(pool).await
}

/// What a list of orders is narrowed to.
#[derive(Debug, Default)]
pub struct ListFilter {
    /// Only these accounts' orders.
    pub accounts: Option<Vec<String>>,
    /// Only this type.
    pub order_type: Option<OrderType>,
    /// Only this phase.
    pub phase: Option<Phase>,
    /// Only this province.
    pub province: Option<String>,
    /// Only orders after this id (ids grow with time).
    pub after: Option<Uuid>,
}

/// A page of orders, oldest first.
pub async fn list(pool: &PgPool, filter: &ListFilter, limit: i64) -> Result<Vec<StoredOrder>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from orders where ($1::text[] is null or account = any($1)) and ($2::text is null or phase = $2) \
         and ($3::text is null or province = $3) and ($4::uuid is null or id > $4) \
         and ($5::text is null or order_type = $5) order by id limit $6"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(&filter.accounts)
        .bind(filter.phase.map(Phase::as_str))
        .bind(&filter.province)
        .bind(filter.after)
        .bind(filter.order_type.map(OrderType::as_str))
        .bind(limit)
        .fetch_all(pool)
        .await?;
    rows.iter().map(read).collect()
}
