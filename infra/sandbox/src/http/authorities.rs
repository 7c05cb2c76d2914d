//! The authorities' queries, and the loading of what they know.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::answers::{Json, OneOrMany, Problem, Strict, fail};
use crate::authorities::{
    AuthorityFault, AuthorityKind, CitizenRecord, DomainRecord, EnterpriseRecord, EnterpriseStatus,
};
use crate::world::World;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/authority/enterprise/query", post(query_enterprise))
        .route("/authority/citizen/verify", post(verify_citizen))
        .route("/authority/domain/{name}", get(query_domain))
        .route("/authority/enterprises", post(load_enterprises))
        .route("/authority/citizens", post(load_citizens))
        .route("/authority/domains", post(load_domains))
        .route("/authority/faults", post(add_fault))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnterpriseQuery {
    uscc: String,
}

#[derive(Serialize)]
struct EnterpriseAnswer {
    found: bool,
    uscc: String,
    name: Option<String>,
    legal_representative: Option<String>,
    status: Option<EnterpriseStatus>,
    registered_address: Option<String>,
    as_of: NaiveDate,
    reference: String,
}

async fn query_enterprise(
    State(world): State<Arc<World>>,
    Strict(query): Strict<EnterpriseQuery>,
) -> Result<Json<EnterpriseAnswer>, Problem> {
    meet_fault(&world, AuthorityKind::Enterprise).await?;
    let record = world.authorities.enterprise(&query.uscc);
    Ok(Json(EnterpriseAnswer {
        found: record.is_some(),
        uscc: query.uscc,
        name: record.as_ref().map(|it| it.name.clone()),
        legal_representative: record.as_ref().map(|it| it.legal_representative.clone()),
        status: record.as_ref().map(|it| it.status),
        registered_address: record.map(|it| it.registered_address),
        as_of: world.clock.now_in_beijing().date_naive(),
        reference: world.authorities.next_reference("ENT"),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CitizenQuery {
    name: String,
    id_number: String,
}

#[derive(Serialize)]
struct CitizenAnswer {
    found: bool,
    r#match: bool,
    reference: String,
}

async fn verify_citizen(
    State(world): State<Arc<World>>,
    Strict(query): Strict<CitizenQuery>,
) -> Result<Json<CitizenAnswer>, Problem> {
    meet_fault(&world, AuthorityKind::Citizen).await?;
    let matches = world.authorities.citizen_matches(&query.name, &query.id_number);
    Ok(Json(CitizenAnswer {
        found: matches.is_some(),
        r#match: matches.unwrap_or(false),
        reference: world.authorities.next_reference("CIT"),
    }))
}

#[derive(Serialize)]
struct DomainAnswer {
    found: bool,
    domain: String,
    registrar: Option<String>,
    registrar_approved: Option<bool>,
    holder: Option<String>,
    holder_certificate_number: Option<String>,
    real_name_verified: Option<bool>,
    expires_on: Option<NaiveDate>,
    reference: String,
}

async fn query_domain(
    State(world): State<Arc<World>>,
    Path(domain): Path<String>,
) -> Result<Json<DomainAnswer>, Problem> {
    meet_fault(&world, AuthorityKind::Domain).await?;
    let record = world.authorities.domain(&domain);
    Ok(Json(DomainAnswer {
        found: record.is_some(),
        domain,
        registrar: record.as_ref().map(|it| it.registrar.clone()),
        registrar_approved: record.as_ref().map(|it| it.registrar_approved),
        holder: record.as_ref().map(|it| it.holder.clone()),
        holder_certificate_number: record.as_ref().map(|it| it.holder_certificate_number.clone()),
        real_name_verified: record.as_ref().map(|it| it.real_name_verified),
        expires_on: record.map(|it| it.expires_on),
        reference: world.authorities.next_reference("DOM"),
    }))
}

#[derive(Serialize)]
struct Loaded {
    loaded: usize,
}

async fn load_enterprises(
    State(world): State<Arc<World>>,
    OneOrMany(records): OneOrMany<EnterpriseRecord>,
) -> Json<Loaded> {
    let loaded = records.len();
    world.authorities.load_enterprises(records);
    Json(Loaded { loaded })
}

async fn load_citizens(State(world): State<Arc<World>>, OneOrMany(records): OneOrMany<CitizenRecord>) -> Json<Loaded> {
    let loaded = records.len();
    world.authorities.load_citizens(records);
    Json(Loaded { loaded })
}

async fn load_domains(State(world): State<Arc<World>>, OneOrMany(records): OneOrMany<DomainRecord>) -> Json<Loaded> {
    let loaded = records.len();
    world.authorities.load_domains(records);
    Json(Loaded { loaded })
}

async fn add_fault(State(world): State<Arc<World>>, Strict(fault): Strict<AuthorityFault>) -> Json<AuthorityFault> {
    world.authorities.add_fault(fault.clone());
    Json(fault)
}

async fn meet_fault(world: &World, kind: AuthorityKind) -> Result<(), Problem> {
    match world.authorities.take_fault(kind) {
        Some(fault) => fail(fault.status, fault.delay_ms).await,
        None => Ok(()),
    }
}
