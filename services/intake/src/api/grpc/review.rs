//! `icp.intake.v1.Review`.

use axum::http::Method;
use icp_proto::intake::decide_request::Decision as Asked;
use icp_proto::intake::review_server::Review;
use icp_proto::intake::{
    CatalogueReason, ClaimRequest, DecideRequest, Order, QueueEntry, QueueRequest, QueueResponse, ReasonsRequest,
    ReasonsResponse, ReleaseRequest, ReleaseResponse, ReviewClaim,
};
use tonic::{Request, Response, Status};

use super::orders::order;
use super::{caller, given, page_size, province, text};
use crate::api::Api;
use crate::api::orders::find;
use crate::api::problem::Problem;
use crate::api::review::{
    ClaimedBy, Decision, GivenReason, QueueQuery, claim_order, decide_on, queue_page, release_order,
};
use crate::desk::deadline::Deadline;
use crate::desk::queue::{Claim, Waiting};
use crate::desk::reasons;

/// Serves [`Review`].
pub(super) struct ReviewApi(pub(super) Api);

fn claim_message(claim: Claim) -> ReviewClaim {
    ReviewClaim { reviewer: claim.reviewer, until_unix_ms: claim.until.timestamp_millis() }
}

fn entry((waiting, deadline): (Waiting, Deadline)) -> QueueEntry {
    QueueEntry {
        order: Some(order(&waiting.stored)),
        in_review_since_unix_ms: waiting.since.timestamp_millis(),
        due: deadline.due.to_string(),
        due_by_law: deadline.due_by_law.to_string(),
        overdue: deadline.overdue,
        is_assumed: deadline.is_assumed,
        claim: waiting.claim.map(claim_message),
        first_pass: waiting.stored.order.first_pass.unwrap_or_default(),
    }
}

/// Whose claims are asked for; empty means that it was left out.
fn claimed(asked: &str) -> Result<Option<ClaimedBy>, Problem> {
    match asked {
        "" => Ok(None),
        "no" => Ok(Some(ClaimedBy::No)),
        "yes" => Ok(Some(ClaimedBy::Yes)),
        "me" => Ok(Some(ClaimedBy::Me)),
        _ => Err(Problem::field("claimed", "is not understood", "use no, yes or me")),
    }
}

fn decision(asked: Option<Asked>) -> Result<Decision, Problem> {
    match asked {
        Some(Asked::Pass(_)) => Ok(Decision::Pass),
        Some(Asked::Return(returned)) => {
            let findings = returned.reasons.into_iter().enumerate().map(|(index, reason)| {
                let at = |name: &str| format!("findings[{index}].{name}");
                Ok(GivenReason {
                    code: text(&at("code"), reason.code)?,
                    field: text(&at("field"), reason.field)?,
                    reason: text(&at("reason"), reason.reason)?,
                    remedy: text(&at("remedy"), reason.remedy)?,
                })
            });
            let findings = findings.collect::<Result<_, Problem>>()?;
            Ok(Decision::Return { findings, only_named: returned.only_named })
        }
        None => Err(Problem::field("decision", "is missing", "set `pass` or `return`")),
    }
}

#[tonic::async_trait]
impl Review for ReviewApi {
    async fn queue(&self, request: Request<QueueRequest>) -> Result<Response<QueueResponse>, Status> {
        let api = &self.0;
        let caller = caller(api, &request, Method::GET, "/v1/review").await?;
        let asked = request.into_inner();
        let query = QueueQuery {
            province: province(&asked.province)?,
            claimed: claimed(&asked.claimed)?,
            cursor: given("cursor", asked.cursor)?,
            limit: page_size(asked.limit),
        };
        let (waiting, next) = queue_page(api, &caller, query).await?;
        let entries = waiting.into_iter().map(entry).collect();
        Ok(Response::new(QueueResponse { entries, next_cursor: next.unwrap_or_default() }))
    }

    async fn claim(&self, request: Request<ClaimRequest>) -> Result<Response<ReviewClaim>, Status> {
        let caller = caller(&self.0, &request, Method::POST, "/v1/orders/{id}/claim").await?;
        let claim = claim_order(&self.0, &caller, &request.into_inner().order_id).await?;
        Ok(Response::new(claim_message(claim)))
    }

    async fn release(&self, request: Request<ReleaseRequest>) -> Result<Response<ReleaseResponse>, Status> {
        let caller = caller(&self.0, &request, Method::POST, "/v1/orders/{id}/release").await?;
        release_order(&self.0, &caller, &request.into_inner().order_id).await?;
        Ok(Response::new(ReleaseResponse {}))
    }

    async fn decide(&self, request: Request<DecideRequest>) -> Result<Response<Order>, Status> {
        let api = &self.0;
        let caller = caller(api, &request, Method::POST, "/v1/orders/{id}/review").await?;
        let asked = request.into_inner();
        let stored = find(api, &caller, &asked.order_id).await?;
        if asked.version != stored.order.version {
            return Err(Problem::stale(stored.order.version).into());
        }
        let stored = decide_on(api, &caller, stored, decision(asked.decision)?).await?;
        Ok(Response::new(order(&stored)))
    }

    async fn reasons(&self, request: Request<ReasonsRequest>) -> Result<Response<ReasonsResponse>, Status> {
        caller(&self.0, &request, Method::GET, "/v1/review/reasons").await?;
        let reasons = reasons::ALL.iter().map(|reason| CatalogueReason {
            code: reason.code.to_owned(),
            message_zh: reason.message_zh.to_owned(),
            message_en: reason.message_en.to_owned(),
            remedy_zh: reason.remedy_zh.to_owned(),
            remedy_en: reason.remedy_en.to_owned(),
        });
        Ok(Response::new(ReasonsResponse { reasons: reasons.collect() }))
    }
}
