//! Transfers (转移备案) as the account that holds the record answers them.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::Caller;
use super::openapi::parameters::OrderPath;
use super::openapi::refusals::{Answering, Fields, InPhase, Missing, Overtaken};
use super::orders::page_limit;
use super::params::{Path, Query};
use super::problem::Problem;
use super::{Api, body};
use crate::order::{Command, Phase};
use crate::paging::last_of_full;
use crate::store::{self, StoredOrder, TransferAsked};

/// The routes of transfers.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(transfers)).routes(routes!(consent)).routes(routes!(refuse))
}

/// An account that asks for a record.
#[derive(Serialize, ToSchema)]
struct Transfer {
    /// Id of the order.
    order_id: Uuid,
    /// Account that asks for the record.
    account: String,
    /// Number of the organiser (主体备案号).
    organiser_number: String,
    /// When it was asked.
    since: DateTime<Utc>,
    /// When the order expires unless it is answered.
    expires_at: DateTime<Utc>,
}

/// A page of transfers.
#[derive(Serialize, ToSchema)]
struct TransferPage {
    /// Oldest first.
    transfers: Vec<Transfer>,
    /// Give it as `after` for the next page; null on the last one.
    next_after: Option<Uuid>,
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only transfers behind this one: `next_after` of the page before.
    after: Option<Uuid>,
    /// Transfers in the page, 1 to 200 (`intake.max_page`); 50 where nothing is said.
    #[param(minimum = 1)]
    limit: Option<i64>,
}

/// Who asks for records of the caller's accounts: orders that wait for consent, oldest first.
#[utoipa::path(
    get,
    path = "/v1/transfers",
    tag = "orders",
    params(ListQuery),
    responses((status = 200, description = "A page.", body = TransferPage), Fields)
)]
async fn transfers(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<TransferPage>, Problem> {
    let limit = page_limit(&api, query.limit)?;
    let holders = caller.accounts().unwrap_or_default();
    let asked = store::transfers_asked(&api.bus.context().pool, holders, query.after, limit).await?;
    let next_after = last_of_full(&asked, limit).map(|last| last.order_id);
    let idle = Days::new(api.idle.expiry_days.into());
    let view = |TransferAsked { order_id, account, organiser_number, since }| Transfer {
        order_id,
        account,
        organiser_number,
        since,
        expires_at: since + idle,
    };
    Ok(Json(TransferPage { transfers: asked.into_iter().map(view).collect(), next_after }))
}

/// An order that the holder of the record has answered.
#[derive(Serialize, ToSchema)]
struct AnsweredTransfer {
    /// Id of the order.
    id: Uuid,
    /// Where it stands now.
    #[schema(value_type = Phase)]
    phase: &'static str,
}

/// Lets a transfer (转移备案) of the caller's record to the order's account happen.
///
/// What has come in its way since it was handed in, such as another order about the record, refuses it. To everybody but
/// the account that holds the record the order is not there.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/consent",
    tag = "orders",
    params(OrderPath),
    responses((status = 200, description = "The record may go.", body = AnsweredTransfer), Missing, Answering, Overtaken)
)]
async fn consent(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AnsweredTransfer>, Problem> {
    let stored = asked_of(&api, &caller, &id).await?;
    let filing = api.filing(&stored)?;
    let verdict = api.judge(&stored, &filing, &[]).await?;
    answer(&api, &caller, stored, Command::Consent(verdict)).await
}

/// Keeps the caller's record: the order goes back to the account that asked.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/refuse",
    tag = "orders",
    params(OrderPath),
    responses((status = 200, description = "The record stays.", body = AnsweredTransfer), Missing, InPhase, Overtaken)
)]
async fn refuse(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AnsweredTransfer>, Problem> {
    let stored = asked_of(&api, &caller, &id).await?;
    answer(&api, &caller, stored, Command::Refuse).await
}

async fn answer(
    api: &Api,
    caller: &Caller,
    stored: StoredOrder,
    command: Command,
) -> Result<Json<AnsweredTransfer>, Problem> {
    let stored = api.apply(caller, stored, command, Default::default()).await?;
    Ok(Json(AnsweredTransfer { id: stored.id, phase: stored.order.phase.as_str() }))
}

/// The order, if the caller holds the record that it names.
async fn asked_of(api: &Api, caller: &Caller, id: &str) -> Result<StoredOrder, Problem> {
    let stored = api.reads.order(body::order_id(id)?).await?.ok_or_else(Problem::no_order)?;
    let record = match &stored.order.organiser_number {
        Some(number) => api.reads.organiser_by_number(number.clone()).await?,
        None => None,
    };
    let holder = record.and_then(|record| record.organiser.account);
    if holder.is_some_and(|holder| caller.may_see(&holder)) { Ok(stored) } else { Err(Problem::no_order()) }
}
