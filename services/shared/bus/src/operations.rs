//! The operator's gRPC API that every service serves: journal of an order, republishing, backlog.

use chrono::{DateTime, Utc};
use icp_proto::ops::operations_server::{Operations, OperationsServer};
use icp_proto::ops::{
    BacklogRequest, BacklogResponse, RepublishRequest, RepublishResponse, TimelineEntry, TimelineRequest,
    TimelineResponse,
};
use sqlx::Row as _;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{Bus, publisher};

/// Serves [`Operations`] for one service.
#[derive(Debug)]
pub struct OperationsApi(Bus);

/// The operations service of a bus, to add to a service's gRPC routes.
pub fn service(bus: &Bus) -> OperationsServer<OperationsApi> {
    OperationsServer::new(OperationsApi(bus.clone()))
}

#[tonic::async_trait]
impl Operations for OperationsApi {
    async fn timeline(&self, request: Request<TimelineRequest>) -> Result<Response<TimelineResponse>, Status> {
        let order_id = Uuid::parse_str(&request.into_inner().order_id)
            .map_err(|_| Status::invalid_argument("order_id: must be a UUID, as POST /v1/orders returned it"))?;
        let rows = sqlx::query("select at, what, why from journal where order_id = $1 order by at, seq limit 10000")
            .bind(order_id)
            .fetch_all(&self.0.context.pool)
            .await
            .map_err(unavailable)?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let at: DateTime<Utc> = row.try_get("at").map_err(unavailable)?;
            entries.push(TimelineEntry {
                at_unix_ms: at.timestamp_millis(),
                service: self.0.context.name.to_owned(),
                what: row.try_get("what").map_err(unavailable)?,
                why: row.try_get("why").map_err(unavailable)?,
            });
        }
        Ok(Response::new(TimelineResponse { entries }))
    }

    async fn republish(&self, request: Request<RepublishRequest>) -> Result<Response<RepublishResponse>, Status> {
        let since = DateTime::from_timestamp_millis(request.into_inner().since_unix_ms)
            .ok_or_else(|| Status::invalid_argument("since_unix_ms: out of range; milliseconds since 1970"))?;
        let messages = publisher::republish(&self.0, since)
            .await
            .map_err(|error| Status::unavailable(format!("the bus did not take the messages: {error:#}")))?;
        Ok(Response::new(RepublishResponse { messages }))
    }

    async fn backlog(&self, _request: Request<BacklogRequest>) -> Result<Response<BacklogResponse>, Status> {
        let row = sqlx::query(include_str!("../queries/backlog.sql"))
            .fetch_one(&self.0.context.pool)
            .await
            .map_err(unavailable)?;
        let count = |name: &str| row.try_get::<i64, _>(name).map(|n| n.unsigned_abs()).map_err(unavailable);
        Ok(Response::new(BacklogResponse {
            outbox_pending: count("outbox_pending")?,
            jobs_pending: count("jobs_pending")?,
            jobs_failed: count("jobs_failed")?,
            dead_letters: count("dead_letters")?,
        }))
    }
}

fn unavailable(error: sqlx::Error) -> Status {
    tracing::warn!(%error, "database does not answer an operator's question");
    Status::unavailable("the database does not answer; try again")
}
