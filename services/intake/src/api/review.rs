//! The provider's review (初审), the modules in force, and the whitelist.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use icp_domain::{Finding, Province, Severity, Stage};
use serde::Deserialize;

use super::auth::{Caller, Role};
use super::orders::{ListQuery, find, page};
use super::problem::{FieldError, Kind, Problem};
use super::view::with_etag;
use super::{Api, body};
use crate::order::{Command, Phase};
use crate::store;

/// The reviewer's decision.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "decision", rename_all = "snake_case")]
enum Decision {
    /// Goes on to the bureau.
    Pass,
    /// Goes back with reasons.
    Return {
        /// At least one.
        findings: Vec<Reason>,
        /// Nothing but the fields that the findings name may be amended.
        #[serde(default)]
        only_named: bool,
    },
}

/// Why an order is returned.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// Code of the catalogue, e.g. `N01`.
    code: String,
    /// Path of the field.
    field: String,
    /// What is wrong; no personal data.
    reason: String,
    /// What to do.
    remedy: String,
}

/// `POST /v1/orders/{id}/review`
pub async fn decide(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    caller.require(Role::Reviewer)?;
    let stored = find(&api, &caller, &id).await?;
    body::check_version(&headers, &stored)?;
    let decision: Decision = body::json(&headers, request_body, api.config.max_body_bytes).await?;
    let stored = match decision {
        Decision::Pass => api.pass(&caller, stored).await?,
        Decision::Return { findings, only_named } => {
            let findings = findings.into_iter().map(Reason::into_finding).collect();
            let command = if only_named { Command::ReturnForFields(findings) } else { Command::Return(findings) };
            api.apply(&caller, stored, command, Default::default()).await?
        }
    };
    Ok(with_etag(&stored, None))
}

impl Reason {
    fn into_finding(self) -> Finding {
        Finding {
            code: self.code,
            stage: Stage::Review,
            severity: Severity::Block,
            field: self.field,
            message_zh: self.reason.clone(),
            message_en: self.reason,
            remedy: self.remedy,
            source: None,
        }
    }
}

/// `GET /v1/review`: what waits for a decision, oldest first.
pub async fn queue(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    caller.require(Role::Reviewer)?;
    page(&api, query, None, Some(Phase::ProviderReview)).await
}

/// `GET /v1/rules`: the module in force per province.
pub async fn rules(State(api): State<Api>, _caller: Caller) -> Response {
    let modules: Vec<_> = Province::ALL
        .iter()
        .filter_map(|province| api.rules.active(*province).map(|module| (province, module)))
        .map(|(province, module)| {
            serde_json::json!({"province": province.letters(), "version": module.version(), "digest": module.digest})
        })
        .collect();
    Json(serde_json::json!({ "modules": modules })).into_response()
}

/// `GET /v1/whitelist/{domain}`: whether a domain may be served, and under which number.
pub async fn whitelist(
    State(api): State<Api>,
    _caller: Caller,
    Path(domain): Path<String>,
) -> Result<Response, Problem> {
    let name = icp_domain::names::DomainName::parse(&domain).map_err(|error| {
        Problem::fields(vec![FieldError::new("domain", error.to_string(), "give a domain name such as example.cn")])
    })?;
    let pool = &api.bus.context().pool;
    let mut filed = store::filed_domain(pool, name.ascii()).await?;
    if filed.is_none() && !name.is_registrable() {
        // A filing covers the names below its registrable domain.
        filed = store::filed_domain(pool, name.registrable().ascii()).await?;
    }
    match filed {
        Some(filed) => Ok(Json(serde_json::json!({
            "domain": name.ascii(),
            "filed": true,
            "service_number": filed.service_number,
            "organiser_number": filed.organiser_number,
            "province": filed.province,
            "approved_at": filed.approved_at,
        }))
        .into_response()),
        None => Err(Problem::new(Kind::NotFound, "This domain is not filed here: it must not be served.")),
    }
}
