//! `icp.intake.v1.Orders`.

use std::pin::Pin;

use axum::http::Method;
use futures::stream::{Stream, StreamExt as _};
use icp_domain::OrderType;
use icp_proto::intake::orders_server::Orders;
use icp_proto::intake::{
    GetOrderRequest, HistoryRequest, HistoryResponse, ListOrdersRequest, ListOrdersResponse, Order, OrderEvent,
    WatchRequest,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{caller, given, page_size, province};
use crate::api::Api;
use crate::api::events::take_place;
use crate::api::orders::{ListQuery, find, list_filter, page_limit, view_content};
use crate::api::problem::{Kind, Problem};
use crate::live::{self, Told};
use crate::order::Phase;
use crate::paging::last_of_full;
use crate::reactions::finding_message;
use crate::store::{self, HistoryRow, StoredOrder};

/// Serves [`Orders`].
pub(super) struct OrdersApi(pub(super) Api);

/// The message of an order, without content.
pub(super) fn order(stored: &StoredOrder) -> Order {
    let state = &stored.order;
    Order {
        id: stored.id.to_string(),
        version: state.version,
        order_type: state.order_type.as_str().to_owned(),
        phase: state.phase.as_str().to_owned(),
        waits_for: state.waits_for().to_owned(),
        since_unix_ms: stored.updated_at.timestamp_millis(),
        province: stored.province.clone(),
        attempt: state.attempt,
        domains: stored.domains.clone(),
        findings: state.findings.iter().map(finding_message).collect(),
        organiser_number: state.organiser_number.clone().unwrap_or_default(),
        service_numbers: state.service_numbers.clone(),
        created_at_unix_ms: stored.created_at.timestamp_millis(),
        filing_json: String::new(),
        account: stored.account.clone(),
        amendable: state.amendable.clone().unwrap_or_default(),
    }
}

fn event(row: HistoryRow) -> OrderEvent {
    OrderEvent {
        version: row.version,
        at_unix_ms: row.at.timestamp_millis(),
        event: row.name().to_owned(),
        actor: row.actor,
        event_json: row.event.to_string(),
    }
}

#[tonic::async_trait]
impl Orders for OrdersApi {
    async fn get(&self, request: Request<GetOrderRequest>) -> Result<Response<Order>, Status> {
        let api = &self.0;
        let caller = caller(api, &request, Method::GET, "/v1/orders/{id}").await?;
        let asked = request.into_inner();
        let stored = find(api, &caller, &asked.order_id).await?;
        if !asked.with_content || !caller.may_read_content() {
            return Ok(Response::new(order(&stored)));
        }
        let (stored, filing) = view_content(api, &caller, stored).await?;
        let filing_json = serde_json::to_string(&filing)
            .map_err(|error| Problem::new(Kind::Internal, format!("The order cannot be written: {error}.")))?;
        Ok(Response::new(Order { filing_json, ..order(&stored) }))
    }

    async fn list(&self, request: Request<ListOrdersRequest>) -> Result<Response<ListOrdersResponse>, Status> {
        let api = &self.0;
        let caller = caller(api, &request, Method::GET, "/v1/orders").await?;
        let asked = request.into_inner();
        let after = match given("after", asked.after)? {
            None => None,
            Some(text) => Some(Uuid::parse_str(&text).map_err(|_| {
                Problem::field("after", "is not the id of an order", "give the next_after of the page before")
            })?),
        };
        let limit = page_limit(api, page_size(asked.limit))?;
        let phase = match given("phase", asked.phase)? {
            None => None,
            Some(text) => Some(Phase::parse(&text).ok_or_else(|| {
                let known = Phase::ALL.map(Phase::as_str).join(", ");
                Problem::field("phase", "is not a phase", &format!("use one of {known}"))
            })?),
        };
        let order_type = match given("order_type", asked.order_type)? {
            None => None,
            Some(text) => Some(OrderType::parse(&text).ok_or_else(|| {
                let known = OrderType::ALL.map(OrderType::as_str).join(", ");
                Problem::field("order_type", "is not a type of orders", &format!("use one of {known}"))
            })?),
        };
        let (account, province) = (given("account", asked.account)?, province(&asked.province)?);
        let filter = list_filter(&caller, ListQuery { account, order_type, phase, province, after, limit: None })?;
        let orders = store::list(&api.bus.context().pool, &filter, limit).await.map_err(Problem::from)?;
        let next_after = last_of_full(&orders, limit).map(|last| last.id.to_string()).unwrap_or_default();
        Ok(Response::new(ListOrdersResponse { orders: orders.iter().map(order).collect(), next_after }))
    }

    async fn history(&self, request: Request<HistoryRequest>) -> Result<Response<HistoryResponse>, Status> {
        let api = &self.0;
        let caller = caller(api, &request, Method::GET, "/v1/orders/{id}/history").await?;
        let stored = find(api, &caller, &request.into_inner().order_id).await?;
        let rows = store::history(&api.bus.context().pool, stored.id).await.map_err(Problem::from)?;
        Ok(Response::new(HistoryResponse { events: rows.into_iter().map(event).collect() }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<OrderEvent, Status>> + Send>>;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let api = &self.0;
        let caller = caller(api, &request, Method::GET, "/v1/orders/{id}/events").await?;
        let asked = request.into_inner();
        if asked.after_version < 0 {
            let remedy = "give the version of the last event that you know, or 0";
            return Err(Problem::field("after_version", "is negative", remedy).into());
        }
        let stored = find(api, &caller, &asked.order_id).await?;
        let place = take_place(api, &stored)?;
        let told = live::events(api.clone(), place, asked.after_version).filter_map(|told| {
            futures::future::ready(match told {
                Ok(Told::Event(row)) => Some(Ok(event(row))),
                // The end of the stream says it.
                Ok(Told::Ended(_)) => None,
                Err(problem) => Some(Err(Status::from(problem))),
            })
        });
        Ok(Response::new(Box::pin(told)))
    }
}
