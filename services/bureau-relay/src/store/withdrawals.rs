//! Attempts that are taken back before the bureau has them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{OrderRef, Result};

fn keys(orders: &[&OrderRef]) -> (Vec<Uuid>, Vec<i32>) {
    (orders.iter().map(|order| order.order_id).collect(), orders.iter().map(|order| order.attempt).collect())
}

/// Gives up the files of these attempts that were written down and not sent: their filings wait again, for a file with
/// the same number. Returns the orders that wait again. Locks files before filings, as the uploader does.
pub async fn dissolve_files(connection: &mut PgConnection, orders: &[&OrderRef]) -> Result<Vec<Uuid>> {
    let (order_ids, attempts) = keys(orders);
    let files: Vec<i64> = sqlx::query_scalar(include_str!("../../queries/dissolve_files.sql"))
        .bind(order_ids)
        .bind(attempts)
        .fetch_all(&mut *connection)
        .await?;
    if files.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(
        "update submissions set state = 'waiting', file_id = null where file_id = any($1) and state = 'in_file' returning order_id",
    )
    .bind(files)
    .fetch_all(connection)
    .await
}

/// Withdraws the attempts that are in no file, those too that have not come yet; the accounts are those that the orders
/// go through, in their sequence. Returns which are withdrawn, now or before.
pub async fn withdraw(
    connection: &mut PgConnection,
    orders: &[&OrderRef],
    accounts: &[&str],
    now: DateTime<Utc>,
) -> Result<HashSet<(Uuid, i32)>> {
    let (order_ids, attempts) = keys(orders);
    sqlx::query(include_str!("../../queries/withdraw_submissions.sql"))
        .bind(&order_ids)
        .bind(&attempts)
        .bind(orders.iter().map(|order| order.province.as_str()).collect::<Vec<_>>())
        .bind(accounts)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    let rows: Vec<(Uuid, i32)> = sqlx::query_as(
        "select order_id, attempt from submissions \
         join unnest($1::uuid[], $2::integer[]) as asked (order_id, attempt) using (order_id, attempt) \
         where state = 'withdrawn'",
    )
    .bind(order_ids)
    .bind(attempts)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Notes the objects that were made for an attempt which was withdrawn meanwhile, so that they are removed.
pub async fn leave_objects(connection: &mut PgConnection, id: i64, objects: &[String]) -> Result<()> {
    sqlx::query("update submissions set own_objects = $2 where id = $1 and state = 'withdrawn'")
        .bind(id)
        .bind(objects)
        .execute(connection)
        .await
        .map(drop)
}
