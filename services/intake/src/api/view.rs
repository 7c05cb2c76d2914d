//! Orders as the API shows them.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use icp_domain::{Filing, Finding, OrderType, Province};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::order::{Event, Phase};
use crate::store::{HistoryRow, StoredOrder};

/// An order (备案订单).
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderView {
    /// Its id.
    id: Uuid,
    /// Account that it belongs to.
    account: String,
    /// What it asks for.
    order_type: OrderType,
    /// Number of events so far; the `ETag` of the order.
    version: i64,
    /// Where it stands.
    #[schema(value_type = Phase)]
    phase: &'static str,
    /// What it waits for, in one sentence.
    waits_for: &'static str,
    /// Since when.
    since: DateTime<Utc>,
    /// Province whose bureau decides.
    #[schema(value_type = Province)]
    province: String,
    /// Submissions so far.
    attempt: u32,
    /// Domains of all its services, in A-label form.
    domains: Vec<String>,
    /// Findings of this submission so far, or those that returned the order.
    findings: Vec<Finding>,
    /// The only fields that may be amended, where the return said so; left out where the type alone says.
    #[serde(skip_serializing_if = "Option::is_none")]
    amendable: Option<Vec<String>>,
    /// Number of the organiser (主体备案号): on record, or the new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    organiser_number: Option<String>,
    /// Numbers of the services (服务备案号): on record, or the new ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    service_numbers: Vec<String>,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// What is declared; only for who may read it, and not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    filing: Option<Filing>,
}

impl OrderView {
    /// An order; with `filing` only for who may read it.
    pub fn new(stored: &StoredOrder, filing: Option<Filing>) -> Self {
        let order = &stored.order;
        Self {
            id: stored.id,
            account: stored.account.clone(),
            order_type: order.order_type,
            version: order.version,
            phase: order.phase.as_str(),
            waits_for: order.waits_for(),
            since: stored.updated_at,
            province: stored.province.clone(),
            attempt: order.attempt,
            domains: stored.domains.clone(),
            findings: order.findings.clone(),
            amendable: order.amendable.clone(),
            organiser_number: order.organiser_number.clone(),
            service_numbers: order.service_numbers.clone(),
            created_at: stored.created_at,
            filing,
        }
    }
}

/// An event of an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryLine {
    /// Version of the order after it.
    version: i64,
    /// When.
    at: DateTime<Utc>,
    /// Name of the caller's token, a service, or the policy.
    actor: String,
    /// What happened.
    #[schema(value_type = Event)]
    event: Value,
}

/// A line of an order's history.
pub fn history_line(row: HistoryRow) -> HistoryLine {
    HistoryLine { version: row.version, at: row.at, actor: row.actor, event: row.event }
}

/// A single order with its ETag.
pub fn with_etag(stored: &StoredOrder, filing: Option<Filing>) -> Response {
    let etag = format!("\"{}\"", stored.order.version);
    ([(header::ETAG, etag)], Json(OrderView::new(stored, filing))).into_response()
}
