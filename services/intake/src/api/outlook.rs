//! What an order still needs, until when, and how long it will take.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use icp_bus::Effects;
use icp_domain::Filing;
use icp_rules_sdk::RequirementsAnswer;
use serde::Serialize;
use serde_json::json;
use sqlx::{Postgres, Transaction};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::openapi::parameters::OrderPath;
use super::openapi::refusals::{Missing, Public};
use super::orders::find;
use super::params::Path;
use super::problem::{Kind, Problem};
use crate::access::calendar_feeds;
use crate::archive::record_found::OpenRecord;
use crate::audit;
use crate::commands::Subject;
use crate::deadlines::{Course, Deadline, Estimate, deadlines, ics};
use crate::materials::store::MaterialRow;
use crate::order::Phase;
use crate::requirements::Checklist;
use crate::rules::{self, Facts};
use crate::store::{self, StoredOrder};
use crate::{content, entitlements, requirements};

/// Orders whose history estimates rest on, at most.
const ESTIMATED_ORDERS_MAX: i64 = 500;
/// 33号令 art. 12, where no module says otherwise.
const BUREAU_WORKING_DAYS: u32 = 20;

/// The routes of what an order still needs.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(requirements))
        .routes(routes!(calendar))
        .routes(routes!(calendar_ics))
        .routes(routes!(open_feed, close_feed))
        .routes(routes!(feed))
}

/// What the province's rules demand for this order: fields, documents, persons, SMS receivers, each `done` or
/// `missing`; limits, and what is left to the reviewer. 503 while the province's module is not loaded.
///
/// What no bureau hears of (claim, transfer) is demanded by the order's type alone.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/requirements",
    tag = "orders",
    params(OrderPath),
    responses((status = 200, description = "The checklist.", body = Checklist), Missing)
)]
async fn requirements(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Checklist>, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let filing = api.filing(&stored)?;
    let materials = api.reads.materials(stored.id).await?;
    let subject = Subject::of(&stored, &materials);
    let background = api.background(&subject, &filing).await?;
    let record = background.own_record.as_ref();
    let answer = api.required(&stored, &filing, &materials, record).map_err(|reason| {
        tracing::warn!(order.id = %stored.id, %reason, "requirements are not known");
        Problem::new(Kind::Unavailable, "The province's rules are not loaded; ask again, or ask the operator.")
    })?;
    let findings = api.examine_with(&subject, &filing, &background).await?.into_verdict().findings;
    let mut fields = content::fields(&filing);
    fields.extend(api.entitled(&filing).into_iter().map(entitlements::path_of));
    Ok(Json(requirements::checklist(&answer, &stored.order, &materials, fields, &findings)))
}

/// Until when something must happen, and how long it takes.
#[derive(Serialize, ToSchema)]
struct OrderCalendar {
    /// Open deadlines, the nearest first.
    deadlines: Vec<Deadline>,
    /// How long each step took in this province, by the orders that ended last; none while none has ended.
    estimates: Vec<Estimate>,
}

/// Open deadlines, and how long each step takes in this province.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/calendar",
    tag = "orders",
    params(OrderPath),
    responses((status = 200, description = "The calendar.", body = OrderCalendar), Missing)
)]
async fn calendar(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<OrderCalendar>, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let deadlines = api.deadlines(&stored).await?;
    let pool = &api.bus.context().pool;
    let estimates = store::estimates(pool, &stored.province, ESTIMATED_ORDERS_MAX).await?;
    Ok(Json(OrderCalendar { deadlines, estimates }))
}

/// The open deadlines for calendars (iCalendar). No personal data.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/calendar.ics",
    tag = "orders",
    params(OrderPath),
    responses((status = 200, description = "The calendar.", body = String, content_type = "text/calendar"), Missing)
)]
async fn calendar_ics(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    api.ics(&stored).await
}

/// An address for calendar programs.
#[derive(Serialize, ToSchema)]
struct CalendarFeed {
    /// Path of the calendar; shown this once.
    #[schema(example = "/v1/calendars/4f0c1d")]
    path: String,
}

/// Gives the order's calendar an address that needs no token, for programs that subscribe to calendars.
///
/// Whoever knows the address reads the open deadlines and nothing else. A former address of the order ends.
#[utoipa::path(
    put,
    path = "/v1/orders/{id}/calendar/feed",
    tag = "orders",
    params(OrderPath),
    responses((status = 200, description = "The address.", body = CalendarFeed), Missing)
)]
async fn open_feed(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let secret = calendar_feeds::generate();
    let mut tx = api.bus.begin().await?;
    calendar_feeds::put(&mut tx, stored.id, &secret, api.clock.now()).await?;
    api.commit_feed(tx, &caller, &stored, "calendar.opened").await?;
    let feed = CalendarFeed { path: format!("/v1/calendars/{secret}") };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(feed)).into_response())
}

/// Ends the address of the order's calendar, if it has one.
#[utoipa::path(
    delete,
    path = "/v1/orders/{id}/calendar/feed",
    tag = "orders",
    params(OrderPath),
    responses((status = 204, description = "There is no address any more."), Missing)
)]
async fn close_feed(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let mut tx = api.bus.begin().await?;
    calendar_feeds::remove(&mut tx, stored.id).await?;
    api.commit_feed(tx, &caller, &stored, "calendar.closed").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The open deadlines of the order whose calendar has this address (iCalendar). No token; no personal data.
#[utoipa::path(
    get,
    path = "/v1/calendars/{secret}",
    tag = "orders",
    params(("secret" = String, Path, description = "As `PUT /v1/orders/{id}/calendar/feed` answered it.")),
    responses(
        (status = 200, description = "The calendar.", body = String, content_type = "text/calendar"), Missing, Public
    )
)]
async fn feed(State(api): State<Api>, Path(secret): Path<String>) -> Result<Response, Problem> {
    let missing = || Problem::new(Kind::NotFound, "This is no calendar's address, or no longer; ask for a new one.");
    let order_id = calendar_feeds::order_of(&api.bus.context().pool, &secret).await?.ok_or_else(missing)?;
    let stored = api.reads.order(order_id).await?.ok_or_else(missing)?;
    api.ics(&stored).await
}

impl Api {
    /// What the province's rule module demands for an order, or its type where no bureau hears of it.
    pub(crate) fn required(
        &self,
        stored: &StoredOrder,
        filing: &Filing,
        materials: &[MaterialRow],
        record: Option<&OpenRecord>,
    ) -> Result<RequirementsAnswer, String> {
        let row = filing.order_type.description();
        if row.bureau.is_none() {
            return Ok(requirements::of_description(row));
        }
        let facts = Facts {
            order_id: stored.id,
            materials: Some(materials),
            filed: None,
            record,
            other_orders_in_flight: 0,
            registers: None,
            now: self.clock.now(),
        };
        self.rules.requirements(filing.province, &filing.into(), &rules::context(filing, &facts))
    }

    /// The open deadlines as a document for calendars.
    async fn ics(&self, stored: &StoredOrder) -> Result<Response, Problem> {
        let document = ics::document(stored.id, &self.deadlines(stored).await?, self.clock.now());
        Ok(([(header::CONTENT_TYPE, "text/calendar; charset=utf-8")], document).into_response())
    }

    /// Commits a change of an order's address with its entry in the audit trail.
    async fn commit_feed(
        &self,
        mut tx: Transaction<'static, Postgres>,
        caller: &Caller,
        stored: &StoredOrder,
        action: &str,
    ) -> Result<(), Problem> {
        let object = format!("order {}", stored.id);
        let entry = audit::Entry::of(caller, self.clock.now(), action, object, &json!({}));
        audit::store::record(&mut *tx, &[entry]).await?;
        self.carry_out(&mut tx, caller, &format!("/v1/orders/{}/calendar", stored.id)).await?;
        Ok(self.bus.commit(tx, Effects::new()).await?)
    }

    async fn deadlines(&self, stored: &StoredOrder) -> Result<Vec<Deadline>, Problem> {
        let pool = &self.bus.context().pool;
        let (history, parts) =
            tokio::try_join!(store::history(pool, stored.id), store::ends_of_parts(pool, stored.id))?;
        let last = |name: &str| {
            history.iter().rev().find(|row| row.event.get("event").and_then(|event| event.as_str()) == Some(name))
        };
        let required = match stored.order.phase {
            Phase::AtBureau => self.required(stored, &self.filing(stored)?, &[], None).ok(),
            _ => None,
        };
        let course = Course {
            updated_at: stored.updated_at,
            submitted_at: last("submitted").map(|row| row.at),
            received_at: last("received_by_bureau").map(|row| row.at),
            idle_expiry_days: self.config.idle_expiry_days,
            parts,
            bureau_working_days: required.map_or(BUREAU_WORKING_DAYS, |answer| answer.bureau_working_days),
            public_security: self.config.public_security,
            now: self.clock.now(),
        };
        Ok(deadlines(&stored.order, &course, &self.deadlines))
    }
}
