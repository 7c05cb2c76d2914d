//! The windows in Postgres.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::window::{Reason, State, Window};

/// A window with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where it stands.
    pub window: Window,
    /// Letters of the province; empty for a window that was closed before it was opened.
    pub province: String,
    /// `Sealed` that holds `SmsPersons`, encoded; only while the window is open.
    pub persons: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    order_id: Uuid,
    attempt: i32,
    province: String,
    state: String,
    reason: Option<String>,
    opened_at: Option<DateTime<Utc>>,
    deadline_at: Option<DateTime<Utc>>,
    reminded_hours: i32,
    persons: Option<Vec<u8>>,
}

impl Row {
    fn into_record(self) -> Result<(Uuid, Record), sqlx::Error> {
        let unreadable = || sqlx::Error::Decode(format!("window of order {} is not readable", self.order_id).into());
        let number = |value: i32| u32::try_from(value).map_err(|_| unreadable());
        let state = match (self.state.as_str(), self.opened_at, self.deadline_at) {
            ("open", Some(opened_at), Some(deadline)) => {
                State::Open { opened_at, deadline, reminded_hours: number(self.reminded_hours)? }
            }
            ("expired", Some(opened_at), Some(deadline)) => State::Expired { opened_at, deadline },
            ("closed", _, _) => State::Closed(self.reason.as_deref().and_then(Reason::parse).ok_or_else(unreadable)?),
            _ => return Err(unreadable()),
        };
        let window = Window { attempt: number(self.attempt)?, state };
        Ok((self.order_id, Record { window, province: self.province, persons: self.persons }))
    }
}

/// Holds these orders until the transaction ends and reads what is known of them.
///
/// The lock is on the order and not on the row, because an order's first two messages may meet.
pub async fn lock_and_read(
    connection: &mut PgConnection,
    order_ids: &BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, Record>, sqlx::Error> {
    let locks: BTreeSet<i64> = order_ids.iter().map(|id| id.as_u64_pair().1.cast_signed()).collect();
    let locks: Vec<i64> = locks.into_iter().collect();
    sqlx::query(include_str!("../queries/orders_lock.sql")).bind(locks).execute(&mut *connection).await?;
    let ids: Vec<Uuid> = order_ids.iter().copied().collect();
    let rows: Vec<Row> =
        sqlx::query_as(include_str!("../queries/windows_read.sql")).bind(ids).fetch_all(connection).await?;
    rows.into_iter().map(Row::into_record).collect()
}

/// Stores records, all in one statement.
pub async fn write(connection: &mut PgConnection, records: &BTreeMap<Uuid, Record>) -> Result<(), sqlx::Error> {
    if records.is_empty() {
        return Ok(());
    }
    let mut order_ids = Vec::with_capacity(records.len());
    let mut attempts = Vec::with_capacity(records.len());
    let mut provinces = Vec::with_capacity(records.len());
    let mut states = Vec::with_capacity(records.len());
    let mut reasons: Vec<Option<&str>> = Vec::with_capacity(records.len());
    let mut openings: Vec<Option<DateTime<Utc>>> = Vec::with_capacity(records.len());
    let mut deadlines: Vec<Option<DateTime<Utc>>> = Vec::with_capacity(records.len());
    let mut reminders = Vec::with_capacity(records.len());
    let mut persons: Vec<Option<&[u8]>> = Vec::with_capacity(records.len());
    for (order_id, record) in records {
        let (state, reason, opened_at, deadline, reminded_hours) = match record.window.state {
            State::Open { opened_at, deadline, reminded_hours } => {
                ("open", None, Some(opened_at), Some(deadline), reminded_hours)
            }
            State::Expired { opened_at, deadline } => ("expired", None, Some(opened_at), Some(deadline), 0),
            State::Closed(reason) => ("closed", Some(reason.as_str()), None, None, 0),
        };
        order_ids.push(*order_id);
        attempts.push(record.window.attempt.cast_signed());
        provinces.push(record.province.as_str());
        states.push(state);
        reasons.push(reason);
        openings.push(opened_at);
        deadlines.push(deadline);
        reminders.push(reminded_hours.cast_signed());
        persons.push(record.persons.as_deref());
    }
    sqlx::query(include_str!("../queries/windows_write.sql"))
        .bind(order_ids)
        .bind(attempts)
        .bind(provinces)
        .bind(states)
        .bind(reasons)
        .bind(openings)
        .bind(deadlines)
        .bind(reminders)
        .bind(persons)
        .execute(connection)
        .await?;
    Ok(())
}
