//! Orders as the API shows them.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use icp_domain::{Filing, Finding};
use serde::Serialize;
use uuid::Uuid;

use crate::store::StoredOrder;

/// An order without its content.
#[derive(Debug, Serialize)]
pub struct OrderView {
    id: Uuid,
    version: i64,
    phase: &'static str,
    /// One sentence.
    waits_for: &'static str,
    /// Since when.
    since: DateTime<Utc>,
    province: String,
    attempt: u32,
    domains: Vec<String>,
    findings: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organiser_number: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    service_numbers: Vec<String>,
    created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filing: Option<Filing>,
}

impl OrderView {
    /// An order; with `filing` only for who may read it.
    pub fn new(stored: &StoredOrder, filing: Option<Filing>) -> Self {
        let order = &stored.order;
        Self {
            id: stored.id,
            version: order.version,
            phase: order.phase.as_str(),
            waits_for: order.waits_for(),
            since: stored.updated_at,
            province: stored.province.clone(),
            attempt: order.attempt,
            domains: stored.domains.clone(),
            findings: order.findings.clone(),
            organiser_number: order.organiser_number.clone(),
            service_numbers: order.service_numbers.clone(),
            created_at: stored.created_at,
            filing,
        }
    }
}

/// A single order with its ETag.
pub fn with_etag(stored: &StoredOrder, filing: Option<Filing>) -> Response {
    let etag = format!("\"{}\"", stored.order.version);
    ([(header::ETAG, etag)], Json(OrderView::new(stored, filing))).into_response()
}
