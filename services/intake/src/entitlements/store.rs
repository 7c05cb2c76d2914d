//! The SQL of entitlements.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{EntitlementStatus, Step};
use crate::store::Change;

/// An entitlement. The status is the one at the time of the question: what has expired is invalid.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow, ToSchema)]
pub struct Entitlement {
    /// Its id.
    pub id: Uuid,
    /// Last characters of the code.
    pub code_end: String,
    /// Product that it came with.
    pub product: String,
    /// Server that it was issued for.
    pub resource: String,
    /// Account that it was issued to.
    pub issued_to: String,
    /// Account that may use it.
    pub account: String,
    /// Where it stands.
    #[schema(value_type = EntitlementStatus)]
    pub status: String,
    /// Why it is invalid.
    pub reason: String,
    /// Order that it is bound to.
    pub order_id: Option<Uuid>,
    /// Index of the service there.
    pub service_index: Option<i32>,
    /// Number that was won with it.
    pub service_number: Option<String>,
    /// When it ends, unless it is used before.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

impl Entitlement {
    /// Whether its service has with it what an order needs.
    pub fn is_valid(&self) -> bool {
        matches!(self.status.as_str(), "bound" | "in_filing" | "filed")
    }
}

/// A line of its history.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct EntitlementEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What, e.g. `bound`.
    pub event: String,
    /// More about it.
    pub detail: String,
}

/// What `$1` is in every question: now.
const SELECT: &str = "select id, code_end, product, resource, issued_to, account, order_id, service_index, \
     service_number, expires_at, issued_at, updated_at, \
     case when status in ('unbound', 'bound') and expires_at <= $1 then 'invalid' else status end as status, \
     case when status in ('unbound', 'bound') and expires_at <= $1 then 'expired' else reason end as reason \
     from entitlements";

/// A code that is issued.
#[derive(Debug, Clone)]
pub struct Issue<'a> {
    /// Account that gets it.
    pub account: &'a str,
    /// Product.
    pub product: &'a str,
    /// Server.
    pub resource: &'a str,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Keyed digests of the codes, and their last characters.
    pub codes: Vec<(Vec<u8>, String)>,
    /// Most that may ever be issued for the server and product.
    pub max: u32,
}

/// Issues codes; tells their ids, or how many the server has had already if they would be too many.
pub async fn issue(
    connection: &mut PgConnection,
    issue: &Issue<'_>,
    actor: &str,
    at: DateTime<Utc>,
) -> Result<Result<Vec<Uuid>, i64>, sqlx::Error> {
    // Two requests for one server count one after the other.
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))")
        .bind(issue.product)
        .bind(issue.resource)
        .execute(&mut *connection)
        .await?;
    let had: i64 = sqlx::query_scalar("select count(*) from entitlements where resource = $1 and product = $2")
        .bind(issue.resource)
        .bind(issue.product)
        .fetch_one(&mut *connection)
        .await?;
    let wanted = i64::try_from(issue.codes.len()).unwrap_or(i64::MAX);
    if had.saturating_add(wanted) > i64::from(issue.max) {
        return Ok(Err(had));
    }
    let ids: Vec<Uuid> = issue.codes.iter().map(|_| Uuid::now_v7()).collect();
    sqlx::query(
        "insert into entitlements (id, code_index, code_end, product, resource, issued_to, account, status, expires_at, \
         issued_at, updated_at) \
         select id, code_index, code_end, $4, $5, $6, $6, 'unbound', $7, $8, $8 \
         from unnest($1::uuid[], $2::bytea[], $3::text[]) as t (id, code_index, code_end)",
    )
    .bind(&ids)
    .bind(issue.codes.iter().map(|(index, _)| index.as_slice()).collect::<Vec<_>>())
    .bind(issue.codes.iter().map(|(_, end)| end.as_str()).collect::<Vec<_>>())
    .bind(issue.product)
    .bind(issue.resource)
    .bind(issue.account)
    .bind(issue.expires_at)
    .bind(at)
    .execute(&mut *connection)
    .await?;
    tell(connection, &ids, actor, "issued", issue.account, at).await?;
    Ok(Ok(ids))
}

/// What a list of entitlements is narrowed to.
#[derive(Debug, Default)]
pub struct ListFilter {
    /// Only these accounts'.
    pub accounts: Option<Vec<String>>,
    /// Only this status.
    pub status: Option<&'static str>,
    /// Only this product's.
    pub product: Option<String>,
    /// Only this server's.
    pub resource: Option<String>,
    /// Only the one with this code.
    pub code_index: Option<Vec<u8>>,
    /// Only what follows this id.
    pub after: Option<Uuid>,
}

/// A page, oldest first.
pub async fn list(
    pool: &PgPool,
    filter: &ListFilter,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Entitlement>, sqlx::Error> {
    let query = format!(
        "select * from ({SELECT} where ($2::text[] is null or account = any($2)) and ($3::text is null or product = $3) \
         and ($4::text is null or resource = $4) and ($5::bytea is null or code_index = $5) \
         and ($6::uuid is null or id > $6)) held where ($7::text is null or status = $7) order by id limit $8"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(now)
        .bind(&filter.accounts)
        .bind(&filter.product)
        .bind(&filter.resource)
        .bind(&filter.code_index)
        .bind(filter.after)
        .bind(filter.status)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// One entitlement.
pub async fn find(pool: &PgPool, id: Uuid, now: DateTime<Utc>) -> Result<Option<Entitlement>, sqlx::Error> {
    let query = format!("{SELECT} where id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(now).bind(id).fetch_optional(pool).await
}

/// Those that are bound to an order, by service.
pub async fn of_order(pool: &PgPool, order_id: Uuid, now: DateTime<Utc>) -> Result<Vec<Entitlement>, sqlx::Error> {
    let query = format!("{SELECT} where order_id = $2 order by service_index, id");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(now).bind(order_id).fetch_all(pool).await
}

/// The history of one, oldest first.
pub async fn history(pool: &PgPool, id: Uuid) -> Result<Vec<EntitlementEvent>, sqlx::Error> {
    sqlx::query_as("select at, actor, event, detail from entitlement_history where entitlement_id = $1 order by id")
        .bind(id)
        .fetch_all(pool)
        .await
}

/// Hands unbound entitlements on to another account; tells which of them could be. `holders` limits whose.
pub async fn grant(
    connection: &mut PgConnection,
    ids: &[Uuid],
    (holders, to): (Option<&[String]>, &str),
    actor: &str,
    at: DateTime<Utc>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let granted: Vec<Uuid> = sqlx::query_scalar(
        "update entitlements set account = $2, updated_at = $4 \
         where id = any($1) and ($3::text[] is null or account = any($3)) and status = 'unbound' \
         and (expires_at is null or expires_at > $4) returning id",
    )
    .bind(ids)
    .bind(to)
    .bind(holders)
    .bind(at)
    .fetch_all(&mut *connection)
    .await?;
    tell(connection, &granted, actor, "granted", to, at).await?;
    Ok(granted)
}

/// Makes one invalid; tells whether it could be. What is on the way or on record stays.
pub async fn revoke(
    connection: &mut PgConnection,
    id: Uuid,
    reason: &str,
    actor: &str,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let revoked: Vec<Uuid> = sqlx::query_scalar(
        "update entitlements set status = 'invalid', reason = $2, order_id = null, service_index = null, updated_at = $3 \
         where id = $1 and status in ('unbound', 'bound') returning id",
    )
    .bind(id)
    .bind(reason)
    .bind(at)
    .fetch_all(&mut *connection)
    .await?;
    tell(connection, &revoked, actor, "revoked", reason, at).await?;
    Ok(!revoked.is_empty())
}

/// A code for one service of an order.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// Keyed digest of the code.
    pub code_index: &'a [u8],
    /// Account of the order.
    pub account: &'a str,
    /// The order.
    pub order_id: Uuid,
    /// Index of the service.
    pub service_index: i32,
}

/// Binds a code; the one that was bound to the service comes free, or is used up where the bureau has had it. Tells
/// whether it could be, which the code that is bound there already can.
pub async fn bind(
    connection: &mut PgConnection,
    binding: &Binding<'_>,
    actor: &str,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    if !lock_open(connection, binding.order_id).await? {
        return Ok(false);
    }
    let is_bound: bool = sqlx::query_scalar(
        "select exists (select from entitlements where code_index = $1 and order_id = $2 and service_index = $3 \
         and (status = 'in_filing' or status = 'bound' and (expires_at is null or expires_at > $4)))",
    )
    .bind(binding.code_index)
    .bind(binding.order_id)
    .bind(binding.service_index)
    .bind(at)
    .fetch_one(&mut *connection)
    .await?;
    if is_bound {
        return Ok(true);
    }
    sqlx::query(include_str!("../../queries/entitlements/bind.sql"))
        .bind(binding.code_index)
        .bind(binding.account)
        .bind(binding.order_id)
        .bind(binding.service_index)
        .bind(at)
        .bind(actor)
        .execute(&mut *connection)
        .await?;
    let bound: Vec<Uuid> = sqlx::query_scalar(
        "update entitlements set status = 'bound', order_id = $3, service_index = $4, updated_at = $5 \
         where code_index = $1 and account = $2 and status = 'unbound' and (expires_at is null or expires_at > $5) \
         returning id",
    )
    .bind(binding.code_index)
    .bind(binding.account)
    .bind(binding.order_id)
    .bind(binding.service_index)
    .bind(at)
    .fetch_all(&mut *connection)
    .await?;
    tell(connection, &bound, actor, "bound", &format!("{} service {}", binding.order_id, binding.service_index), at)
        .await?;
    Ok(!bound.is_empty())
}

/// Frees what is bound to a service of an order that is still open; tells whether there was anything.
pub async fn unbind(
    connection: &mut PgConnection,
    order_id: Uuid,
    service_index: i32,
    actor: &str,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    if !lock_open(connection, order_id).await? {
        return Ok(false);
    }
    let freed: Vec<Uuid> = sqlx::query_scalar(
        "update entitlements set status = 'unbound', order_id = null, service_index = null, updated_at = $3 \
         where order_id = $1 and service_index = $2 and status = 'bound' returning id",
    )
    .bind(order_id)
    .bind(service_index)
    .bind(at)
    .fetch_all(&mut *connection)
    .await?;
    tell(connection, &freed, actor, "released", "by the applicant", at).await?;
    Ok(!freed.is_empty())
}

/// Locks an order, so that nobody hands it in meanwhile; tells whether the applicant works on it.
async fn lock_open(connection: &mut PgConnection, order_id: Uuid) -> Result<bool, sqlx::Error> {
    let is_open: Option<bool> =
        sqlx::query_scalar("select phase in ('draft', 'returned') from orders where id = $1 for update")
            .bind(order_id)
            .fetch_optional(connection)
            .await?;
    Ok(is_open.unwrap_or(false))
}

/// A transition that needs a valid code for each of these services.
#[derive(Debug, Clone, Copy)]
pub struct Need<'a> {
    /// The order.
    pub order_id: Uuid,
    /// Indexes of the services.
    pub services: &'a [i32],
    /// When.
    pub at: DateTime<Utc>,
}

/// The services without a valid code, by order; the codes of the others are locked. Their orders must be locked already.
pub async fn missing(
    connection: &mut PgConnection,
    needs: &[Need<'_>],
) -> Result<HashMap<Uuid, Vec<i32>>, sqlx::Error> {
    let held: Vec<(Uuid, i32)> = sqlx::query_as(include_str!("../../queries/entitlements/lock_valid.sql"))
        .bind(needs.iter().map(|need| need.order_id).collect::<Vec<_>>())
        .bind(needs.iter().map(|need| need.at).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let missing = needs.iter().map(|need| {
        let services = need.services.iter().copied().filter(|service| !held.contains(&(need.order_id, *service)));
        (need.order_id, services.collect::<Vec<i32>>())
    });
    Ok(missing.filter(|(_, services)| !services.is_empty()).collect())
}

/// Lets the entitlements of orders go their way, in the transaction of the orders.
pub async fn follow<'a>(
    connection: &mut PgConnection,
    changes: impl Iterator<Item = &'a Change>,
) -> Result<(), sqlx::Error> {
    let steps: Vec<(&Change, Step<'_>)> =
        changes.filter_map(|change| Step::of(change).map(|step| (change, step))).collect();
    if steps.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("../../queries/entitlements/follow.sql"))
        .bind(steps.iter().map(|(change, _)| change.id).collect::<Vec<_>>())
        .bind(steps.iter().map(|(_, step)| step.as_str()).collect::<Vec<_>>())
        .bind(steps.iter().map(|(_, step)| sqlx::types::Json(step.numbers())).collect::<Vec<_>>())
        .bind(steps.iter().map(|(change, _)| change.at).collect::<Vec<_>>())
        .bind(steps.iter().map(|(change, _)| change.actor.as_str()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Lets go the entitlements of services that amendments took out: (the amendment, how many services are left).
pub async fn let_go(connection: &mut PgConnection, amended: &[(&Change, i32)]) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/entitlements/undeclared.sql"))
        .bind(amended.iter().map(|(change, _)| change.id).collect::<Vec<_>>())
        .bind(amended.iter().map(|(_, services)| *services).collect::<Vec<_>>())
        .bind(amended.iter().map(|(change, _)| change.at).collect::<Vec<_>>())
        .bind(amended.iter().map(|(change, _)| change.actor.as_str()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// A service of the archive whose entitlement is used up.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Our id of the service.
    pub service_id: Uuid,
    /// Why.
    pub reason: &'static str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Makes the entitlements of services invalid that left the record or lost their access.
pub async fn end(connection: &mut PgConnection, ended: &[Ended]) -> Result<(), sqlx::Error> {
    if ended.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("../../queries/entitlements/end.sql"))
        .bind(ended.iter().map(|ended| ended.service_id).collect::<Vec<_>>())
        .bind(ended.iter().map(|ended| ended.reason).collect::<Vec<_>>())
        .bind(ended.iter().map(|ended| ended.at).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

async fn tell(
    connection: &mut PgConnection,
    ids: &[Uuid],
    actor: &str,
    event: &str,
    detail: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into entitlement_history (entitlement_id, at, actor, event, detail) \
         select unnest($1::uuid[]), $2, $3, $4, $5",
    )
    .bind(ids)
    .bind(at)
    .bind(actor)
    .bind(event)
    .bind(detail)
    .execute(connection)
    .await?;
    Ok(())
}
