//! What an order still needs, until when, and how long it will take.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use icp_domain::{Filing, Finding};
use icp_rules_sdk::RequirementsAnswer;

use super::Api;
use super::auth::Caller;
use super::orders::find;
use super::problem::{Kind, Problem};
use crate::commands::Subject;
use crate::deadlines::{Course, Deadline, deadlines, ics};
use crate::rules::{self, Facts};
use crate::store::{self, MaterialRow, StoredOrder};
use crate::{check, content, requirements};

/// Orders whose history estimates rest on, at most.
const ESTIMATED_ORDERS_MAX: i64 = 500;
/// 33号令 art. 12, where no module says otherwise.
const BUREAU_WORKING_DAYS: u32 = 20;

/// `GET /v1/orders/{id}/requirements`
pub async fn requirements(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let filing = api.filing(&stored)?;
    let materials = api.reads.materials(stored.id).await?;
    let answer = api.required(&stored, &filing, &materials).map_err(|reason| {
        tracing::warn!(order.id = %stored.id, %reason, "requirements are not known");
        Problem::new(Kind::Unavailable, "The province's rules are not loaded; ask again, or ask the operator.")
    })?;
    let subject = Subject::of(&stored, &materials);
    let (verdict, recorded) = api.examine(&subject, &filing).await?;
    let findings: Vec<Finding> = check::all(&filing, content::validate(&filing), verdict.findings, recorded)
        .into_iter()
        .map(|checked| checked.finding)
        .collect();
    let fields = content::fields(&filing);
    Ok(Json(requirements::checklist(&answer, &stored.order, &materials, fields, &findings)).into_response())
}

/// `GET /v1/orders/{id}/calendar`
pub async fn calendar(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let deadlines = api.deadlines(&stored).await?;
    let pool = &api.bus.context().pool;
    let estimates = store::estimates(pool, &stored.province, ESTIMATED_ORDERS_MAX).await?;
    Ok(Json(serde_json::json!({ "deadlines": deadlines, "estimates": estimates })).into_response())
}

/// `GET /v1/orders/{id}/calendar.ics`
pub async fn calendar_ics(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let document = ics::document(stored.id, &api.deadlines(&stored).await?, api.clock.now());
    Ok(([(header::CONTENT_TYPE, "text/calendar; charset=utf-8")], document).into_response())
}

impl Api {
    fn required(
        &self,
        stored: &StoredOrder,
        filing: &Filing,
        materials: &[MaterialRow],
    ) -> Result<RequirementsAnswer, String> {
        let facts = Facts {
            order_id: stored.id,
            materials: Some(materials),
            filed: None,
            other_orders_in_flight: 0,
            registers: None,
            now: self.clock.now(),
        };
        self.rules.requirements(filing.province, &filing.into(), &rules::context(&facts))
    }

    async fn deadlines(&self, stored: &StoredOrder) -> Result<Vec<Deadline>, Problem> {
        let history = store::history(&self.bus.context().pool, stored.id).await?;
        let last = |name: &str| {
            history.iter().rev().find(|row| row.event.get("event").and_then(|event| event.as_str()) == Some(name))
        };
        let required = self.required(stored, &self.filing(stored)?, &[]).ok();
        let course = Course {
            updated_at: stored.updated_at,
            submitted_at: last("submitted").map(|row| row.at),
            received_at: last("received_by_bureau").map(|row| row.at),
            idle_expiry_days: self.config.idle_expiry_days,
            bureau_working_days: required.map_or(BUREAU_WORKING_DAYS, |answer| answer.bureau_working_days),
        };
        Ok(deadlines(&stored.order, &course, &self.deadlines))
    }
}
