//! The only SQL of this service.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgExecutor, PgPool, Row as _};
use uuid::Uuid;

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

/// A transition to store.
#[derive(Debug, Clone)]
pub struct Change {
    /// Id of the order.
    pub id: Uuid,
    /// Version before.
    pub from_version: i64,
    /// State after.
    pub after: Order,
    /// Who did it: an account, or a service.
    pub actor: String,
    /// What happened, oldest first.
    pub events: Vec<Event>,
}

/// A stored material without its bytes.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MaterialRow {
    /// Text form of the kind.
    pub kind: String,
    /// Service that it belongs to.
    pub service_index: i32,
    /// Location in the object store.
    pub object: String,
    /// Key of the object, encrypted under the order's data key.
    pub object_key: Vec<u8>,
    /// SHA-256 of the clear bytes.
    pub sha256: Vec<u8>,
    /// `image/jpeg` or `image/png`.
    pub media_type: String,
    /// Size of the clear file.
    pub size_bytes: i32,
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

/// A filed service of the archive.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct FiledService {
    /// Filing number of the service.
    pub service_number: String,
    /// Filing number of the organiser.
    pub organiser_number: String,
    /// Letters of the province.
    pub province: String,
    /// When it was approved.
    pub approved_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, account, province, state, domains, organiser_index, content, data_key, contact_sealed, \
                       persons_sealed, created_at, updated_at";

fn read(row: &PgRow) -> Result<StoredOrder, sqlx::Error> {
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

/// Stores a new draft.
pub async fn insert(connection: &mut PgConnection, order: &StoredOrder, order_type: &str) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../queries/insert_order.sql"))
        .bind(order.id)
        .bind(&order.account)
        .bind(&order.province)
        .bind(order_type)
        .bind(order.order.version)
        .bind(order.order.phase.as_str())
        .bind(sqlx::types::Json(&order.order))
        .bind(&order.domains)
        .bind(&order.organiser_index)
        .bind(&order.content)
        .bind(&order.data_key)
        .bind(order.created_at)
        .bind(sqlx::types::Json(Event::Created))
        .execute(connection)
        .await?;
    Ok(())
}

/// Reads one order.
pub async fn load(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<StoredOrder>, sqlx::Error> {
    let query = format!("select {COLUMNS} from orders where id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(query)).bind(id).fetch_optional(executor).await?;
    row.as_ref().map(read).transpose()
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

/// Stores transitions with their events; tells how many were not overtaken by another change.
pub async fn save(connection: &mut PgConnection, changes: &[Change], at: DateTime<Utc>) -> Result<usize, sqlx::Error> {
    let ids: Vec<Uuid> = changes.iter().map(|c| c.id).collect();
    let from: Vec<i64> = changes.iter().map(|c| c.from_version).collect();
    let versions: Vec<i64> = changes.iter().map(|c| c.after.version).collect();
    let phases: Vec<&str> = changes.iter().map(|c| c.after.phase.as_str()).collect();
    let attempts: Vec<i32> = changes.iter().map(|c| i32::try_from(c.after.attempt).unwrap_or(i32::MAX)).collect();
    let states: Vec<sqlx::types::Json<&Order>> = changes.iter().map(|c| sqlx::types::Json(&c.after)).collect();
    let events = || {
        changes.iter().flat_map(|change| {
            change.events.iter().zip(change.from_version + 1..).map(move |(event, version)| (change, event, version))
        })
    };
    let event_orders: Vec<Uuid> = events().map(|(change, ..)| change.id).collect();
    let event_versions: Vec<i64> = events().map(|(_, _, version)| version).collect();
    let actors: Vec<&str> = events().map(|(change, ..)| change.actor.as_str()).collect();
    let bodies: Vec<sqlx::types::Json<&Event>> = events().map(|(_, event, _)| sqlx::types::Json(event)).collect();
    let changed: i64 = sqlx::query_scalar(include_str!("../queries/save_orders.sql"))
        .bind(at)
        .bind(ids)
        .bind(from)
        .bind(versions)
        .bind(phases)
        .bind(attempts)
        .bind(states)
        .bind(event_orders)
        .bind(event_versions)
        .bind(actors)
        .bind(bodies)
        .fetch_one(connection)
        .await?;
    Ok(usize::try_from(changed).unwrap_or(0))
}

/// Replaces the content of an order.
pub async fn set_content(connection: &mut PgConnection, order: &StoredOrder) -> Result<(), sqlx::Error> {
    sqlx::query("update orders set content = $2, domains = $3, organiser_index = $4, province = $5 where id = $1")
        .bind(order.id)
        .bind(&order.content)
        .bind(&order.domains)
        .bind(&order.organiser_index)
        .bind(&order.province)
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps what was sealed at submission.
pub async fn set_sealed(
    connection: &mut PgConnection,
    id: Uuid,
    contact: &[u8],
    persons: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query("update orders set contact_sealed = $2, persons_sealed = $3 where id = $1")
        .bind(id)
        .bind(contact)
        .bind(persons)
        .execute(connection)
        .await?;
    Ok(())
}

/// How many other orders of this organiser are in flight.
pub async fn count_in_flight(pool: &PgPool, organiser_index: &[u8], except: Uuid) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) from orders where organiser_index = $1 and id <> $2 \
         and phase in ('checking', 'provider_review', 'queued', 'at_bureau')",
    )
    .bind(organiser_index)
    .bind(except)
    .fetch_one(pool)
    .await
}

/// Adds or replaces a material; tells the object that it replaced.
pub async fn put_material(
    connection: &mut PgConnection,
    order_id: Uuid,
    material: &MaterialRow,
    at: DateTime<Utc>,
) -> Result<Option<String>, sqlx::Error> {
    let replaced: Option<String> =
        sqlx::query_scalar("select object from materials where order_id = $1 and kind = $2 and service_index = $3")
            .bind(order_id)
            .bind(&material.kind)
            .bind(material.service_index)
            .fetch_optional(&mut *connection)
            .await?;
    sqlx::query(
        "insert into materials (order_id, kind, service_index, object, object_key, sha256, media_type, size_bytes, uploaded_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         on conflict (order_id, kind, service_index) do update set object = excluded.object, \
         object_key = excluded.object_key, sha256 = excluded.sha256, media_type = excluded.media_type, \
         size_bytes = excluded.size_bytes, uploaded_at = excluded.uploaded_at",
    )
    .bind(order_id)
    .bind(&material.kind)
    .bind(material.service_index)
    .bind(&material.object)
    .bind(&material.object_key)
    .bind(&material.sha256)
    .bind(&material.media_type)
    .bind(material.size_bytes)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(replaced)
}

/// The materials of an order.
pub async fn materials(pool: &PgPool, order_id: Uuid) -> Result<Vec<MaterialRow>, sqlx::Error> {
    sqlx::query_as(
        "select kind, service_index, object, object_key, sha256, media_type, size_bytes from materials \
         where order_id = $1 order by kind, service_index",
    )
    .bind(order_id)
    .fetch_all(pool)
    .await
}

/// The history of an order, oldest first.
pub async fn history(pool: &PgPool, order_id: Uuid) -> Result<Vec<HistoryRow>, sqlx::Error> {
    let rows = sqlx::query("select version, at, actor, event from order_history where order_id = $1 order by version")
        .bind(order_id)
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

/// What a list of orders is narrowed to.
#[derive(Debug, Default)]
pub struct ListFilter {
    /// Only this account's orders.
    pub account: Option<String>,
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
        "select {COLUMNS} from orders where ($1::text is null or account = $1) and ($2::text is null or phase = $2) \
         and ($3::text is null or province = $3) and ($4::uuid is null or id > $4) order by id limit $5"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(&filter.account)
        .bind(filter.phase.map(Phase::as_str))
        .bind(&filter.province)
        .bind(filter.after)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    rows.iter().map(read).collect()
}

/// A filed service that enters the archive.
#[derive(Debug, Clone)]
pub struct NewlyFiled {
    /// Order that won the number.
    pub order_id: Uuid,
    /// Number of the organiser.
    pub organiser_number: String,
    /// Numbers of the services, in order.
    pub service_numbers: Vec<String>,
}

/// Enters approved services into the archive.
pub async fn file_services(
    connection: &mut PgConnection,
    filed: &[NewlyFiled],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let services =
        || filed.iter().flat_map(|f| f.service_numbers.iter().zip(0_i32..).map(move |(n, index)| (f, n, index)));
    sqlx::query(include_str!("../queries/file_services.sql"))
        .bind(at)
        .bind(services().map(|(_, number, _)| number.as_str()).collect::<Vec<_>>())
        .bind(services().map(|(f, ..)| f.organiser_number.as_str()).collect::<Vec<_>>())
        .bind(services().map(|(f, ..)| f.order_id).collect::<Vec<_>>())
        .bind(services().map(|(.., index)| index).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// The filing under which a domain may be served.
pub async fn filed_domain(pool: &PgPool, domain: &str) -> Result<Option<FiledService>, sqlx::Error> {
    sqlx::query_as(
        "select service_number, organiser_number, province, approved_at from filed_services where domains @> array[$1] limit 1",
    )
    .bind(domain)
    .fetch_optional(pool)
    .await
}
