//! `icp.intake.v1.Archive`.

use axum::http::Method;
use icp_proto::intake::archive_server::Archive;
use icp_proto::intake::{
    GetRecordRequest, OrganiserRecord, Record, RecordEvent, RecordHistoryRequest, RecordHistoryResponse, SearchRequest,
    SearchResponse, ServiceRecord, record,
};
use serde::Serialize;
use tonic::{Request, Response, Status};

use super::{caller, given, page_size, province, text};
use crate::api::Api;
use crate::api::archive::{SearchQuery, find_organiser, find_service, open_organiser, open_service, search_of};
use crate::api::auth::Caller;
use crate::api::orders::page_limit;
use crate::api::problem::{Kind, Problem};
use crate::archive::lookup::{self, HistoryFound, OrganiserFound, ServiceFound};
use crate::archive::search::{self, Listed};

/// Serves [`Archive`].
pub(super) struct ArchiveApi(pub(super) Api);

/// What a number belongs to.
enum Found {
    Service(ServiceFound),
    Organiser(OrganiserFound),
}

impl ArchiveApi {
    async fn find(&self, caller: &Caller, number: String) -> Result<Found, Problem> {
        let number = text("number", number)?;
        match find_service(&self.0, caller, &number).await {
            Err(problem) if problem.kind() == Kind::NotFound => {
                find_organiser(&self.0, caller, &number).await.map(Found::Organiser)
            }
            found => found.map(Found::Service),
        }
    }

    async fn service(&self, caller: &Caller, found: ServiceFound) -> Result<ServiceRecord, Problem> {
        let accesses = lookup::accesses(&self.0.bus.context().pool, &[found.id]).await?;
        let content = open_service(&self.0, caller, &found, &accesses).await?;
        Ok(ServiceRecord {
            service_json: json(content)?,
            number: found.number,
            organiser_number: found.organiser_number,
            kind: found.kind,
            name: found.name,
            domains: found.domains,
            province: found.province,
            status: found.status,
            is_connected: found.is_connected,
            account: found.account.unwrap_or_default(),
            filed_at_unix_ms: found.filed_at.timestamp_millis(),
        })
    }

    async fn organiser(&self, caller: &Caller, found: OrganiserFound) -> Result<OrganiserRecord, Problem> {
        let content = open_organiser(&self.0, caller, &found).await?;
        Ok(OrganiserRecord {
            organiser_json: json(content)?,
            number: found.number,
            province: found.province,
            nature: found.nature,
            status: found.status,
            account: found.account.unwrap_or_default(),
            shares_certificate: found.shares_certificate,
            filed_at_unix_ms: found.filed_at.timestamp_millis(),
        })
    }
}

/// Content as JSON; empty where there is none.
fn json(content: Option<impl Serialize>) -> Result<String, Problem> {
    let written = content.map(|content| serde_json::to_string(&content)).transpose();
    let written =
        written.map_err(|error| Problem::new(Kind::Internal, format!("The record cannot be written: {error}.")))?;
    Ok(written.unwrap_or_default())
}

fn listed(service: Listed) -> ServiceRecord {
    ServiceRecord {
        number: service.number,
        organiser_number: service.organiser_number,
        kind: service.kind,
        name: service.name,
        domains: service.domains,
        province: service.province,
        status: service.status,
        is_connected: service.is_connected,
        account: service.account.unwrap_or_default(),
        filed_at_unix_ms: service.filed_at.timestamp_millis(),
        service_json: String::new(),
    }
}

fn event(line: HistoryFound) -> RecordEvent {
    RecordEvent {
        at_unix_ms: line.at.timestamp_millis(),
        event: line.event,
        order_id: line.order_id.map(|id| id.to_string()).unwrap_or_default(),
        order_type: line.order_type.unwrap_or_default(),
        service_number: line.service_number.unwrap_or_default(),
    }
}

#[tonic::async_trait]
impl Archive for ArchiveApi {
    async fn search(&self, request: Request<SearchRequest>) -> Result<Response<SearchResponse>, Status> {
        let api = &self.0;
        let caller = caller(api, &request, Method::GET, "/v1/archive/services").await?;
        let asked = request.into_inner();
        let limit = page_limit(api, page_size(asked.limit))?;
        let query = SearchQuery {
            number: given("number", asked.number)?,
            domain: given("domain", asked.domain)?,
            app: given("app", asked.app)?,
            name: given("name", asked.name)?,
            certificate: given("certificate", asked.certificate)?,
            province: province(&asked.province)?,
            cursor: given("cursor", asked.cursor)?,
            limit: None,
        };
        let search = search_of(api, &caller, query)?;
        let found = search::services(&api.bus.context().pool, &search, limit).await;
        let (services, next) = found.map_err(Problem::from)?;
        let next_cursor = next.map(|cursor| cursor.to_text()).unwrap_or_default();
        Ok(Response::new(SearchResponse { services: services.into_iter().map(listed).collect(), next_cursor }))
    }

    async fn get(&self, request: Request<GetRecordRequest>) -> Result<Response<Record>, Status> {
        let caller = caller(&self.0, &request, Method::GET, "/v1/archive/services/{number}").await?;
        let record = match self.find(&caller, request.into_inner().number).await? {
            Found::Service(found) => record::Record::Service(self.service(&caller, found).await?),
            Found::Organiser(found) => record::Record::Organiser(self.organiser(&caller, found).await?),
        };
        Ok(Response::new(Record { record: Some(record) }))
    }

    async fn history(&self, request: Request<RecordHistoryRequest>) -> Result<Response<RecordHistoryResponse>, Status> {
        let caller = caller(&self.0, &request, Method::GET, "/v1/archive/services/{number}").await?;
        let pool = &self.0.bus.context().pool;
        let lines = match self.find(&caller, request.into_inner().number).await? {
            Found::Service(found) => lookup::service_history(pool, found.id).await,
            Found::Organiser(found) => lookup::organiser_history(pool, found.id).await,
        };
        let events = lines.map_err(Problem::from)?.into_iter().map(event).collect();
        Ok(Response::new(RecordHistoryResponse { events }))
    }
}
