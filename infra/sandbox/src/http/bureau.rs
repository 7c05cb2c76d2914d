//! The bureau's SOAP services, the ministry's SMS page, and the scripting of the bureau.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use super::answers::{Json, Problem, Strict};
use crate::bureau::on_record::Correction;
use crate::bureau::registry::{Filing, PageResult, ScriptedRejection, State as FilingState};
use crate::bureau::script::{Fault, Settings, SettingsChange};
use crate::bureau::seed::Record;
use crate::bureau::soap::{self, SoapCall, SoapError};
use crate::bureau::{AccountUploads, CallOutcome};
use crate::connection::Scissors;
use crate::world::World;

const UP_DOWN_LOAD: &str = "upDownLoad";
const QUERY_BEIAN_STATUS: &str = "queryBeianStatus";
const UP_DOWN_LOAD_OPERATIONS: &[&str] = &["isp_upload", "isp_download", "isp_downloadack", "isp_querypreviousupload"];
const QUERY_BEIAN_STATUS_OPERATIONS: &[&str] = &["isp_querybeianstatus"];
/// Larger bodies are read beside the tasks that serve others.
const SMALL_BODY_BYTES: usize = 256 * 1024;
const LISTED_BY_DEFAULT: usize = 100;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/ISPWebService/upDownLoad", get(describe_up_down_load).post(up_down_load))
        .route("/BeianStatusWebService/queryBeianStatus", get(describe_query_beian_status).post(query_beian_status))
        .route("/bureau/script", post(script))
        .route("/bureau/faults", post(add_fault).delete(clear_faults))
        .route("/bureau/settings", get(settings).post(change_settings))
        .route("/bureau/filings", get(filings))
        .route("/bureau/filings/{domain}", get(filings_of_domain))
        .route("/bureau/uploads", get(uploads))
        .route("/bureau/sms/confirm", post(confirm_sms))
        .route("/bureau/records", post(seed))
        .route("/bureau/records/{number}", get(filed_data))
        .route("/bureau/records/{number}/correction", post(correct))
}

type Connection = ConnectInfo<Scissors>;

async fn up_down_load(State(world): State<Arc<World>>, ConnectInfo(scissors): Connection, body: Bytes) -> Response {
    answer_soap(&world, &scissors, body, UP_DOWN_LOAD_OPERATIONS).await
}

async fn query_beian_status(
    State(world): State<Arc<World>>,
    ConnectInfo(scissors): Connection,
    body: Bytes,
) -> Response {
    answer_soap(&world, &scissors, body, QUERY_BEIAN_STATUS_OPERATIONS).await
}

async fn answer_soap(world: &World, scissors: &Scissors, body: Bytes, operations: &[&str]) -> Response {
    let call = match read_call(body).await {
        Ok(call) => call,
        Err(error) => return soap_fault(&error),
    };
    let operation = call.operation.clone();
    if !operations.contains(&operation.as_str()) {
        return soap_fault(&SoapError::Operation(operation));
    }
    match world.bureau.call(call).await {
        Ok(CallOutcome::Answer(result)) => {
            let namespace = &world.config.soap_namespace;
            soap_response(StatusCode::OK, soap::response(namespace, &operation, &result))
        }
        Ok(CallOutcome::Dropped) => {
            scissors.cut();
            StatusCode::OK.into_response()
        }
        Err(error) => soap_fault(&error),
    }
}

async fn read_call(body: Bytes) -> Result<SoapCall, SoapError> {
    if body.len() <= SMALL_BODY_BYTES {
        return SoapCall::parse(&body);
    }
    let read = tokio::task::spawn_blocking(move || SoapCall::parse(&body)).await;
    read.unwrap_or_else(|error| Err(SoapError::Envelope(error.to_string())))
}

fn soap_response(status: StatusCode, envelope: String) -> Response {
    let content_type = [(header::CONTENT_TYPE, "text/xml; charset=UTF-8")];
    (status, content_type, envelope).into_response()
}

fn soap_fault(error: &SoapError) -> Response {
    let fault = soap::fault(&error.to_string());
    soap_response(StatusCode::INTERNAL_SERVER_ERROR, fault)
}

async fn describe_up_down_load(State(world): State<Arc<World>>, query: RawQuery, headers: HeaderMap) -> Response {
    describe(&world, UP_DOWN_LOAD, "/ISPWebService/upDownLoad", query, &headers)
}

async fn describe_query_beian_status(State(world): State<Arc<World>>, query: RawQuery, headers: HeaderMap) -> Response {
    let path = "/BeianStatusWebService/queryBeianStatus";
    describe(&world, QUERY_BEIAN_STATUS, path, query, &headers)
}

fn describe(world: &World, service: &str, path: &str, RawQuery(query): RawQuery, headers: &HeaderMap) -> Response {
    if !query.is_some_and(|query| query.eq_ignore_ascii_case("wsdl")) {
        return Problem::new(400, format!("GET {path}?wsdl, or POST a SOAP envelope")).into_response();
    }
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    let address = format!("http://{}{path}", host.unwrap_or("localhost"));
    let text = soap::wsdl(service, &world.config.soap_namespace, &address);
    soap_response(StatusCode::OK, text)
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Script {
    domain: String,
    reject_once: RejectOnce,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RejectOnce {
    code: u32,
    text: String,
}

async fn script(State(world): State<Arc<World>>, Strict(script): Strict<Script>) -> Json<Script> {
    let rejection = ScriptedRejection { code: script.reject_once.code, text: script.reject_once.text.clone() };
    world.bureau.script_rejection(&script.domain, rejection);
    Json(script)
}

async fn add_fault(State(world): State<Arc<World>>, Strict(fault): Strict<Fault>) -> Result<Json<Fault>, Problem> {
    if let Some(problem) = fault.problem() {
        return Err(Problem::new(422, problem));
    }
    world.bureau.add_fault(fault.clone());
    Ok(Json(fault))
}

async fn clear_faults(State(world): State<Arc<World>>) -> StatusCode {
    world.bureau.clear_faults();
    StatusCode::NO_CONTENT
}

async fn settings(State(world): State<Arc<World>>) -> Json<Settings> {
    Json(world.bureau.settings())
}

async fn change_settings(State(world): State<Arc<World>>, Strict(change): Strict<SettingsChange>) -> Json<Settings> {
    Json(world.bureau.change_settings(change))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Filings {
    total: usize,
    filings: Vec<Filing>,
}

/// Newest first.
async fn filings(State(world): State<Arc<World>>, Query(listing): Query<Listing>) -> Json<Filings> {
    let limit = listing.limit.unwrap_or(LISTED_BY_DEFAULT);
    let (total, filings) = world.bureau.newest_filings(limit);
    Json(Filings { total, filings })
}

#[derive(Serialize)]
struct DomainFilings {
    domain: String,
    /// Records of accepted files that name the domain: more than the filings that were meant
    /// shows that something was sent twice.
    records_received: usize,
    approved: usize,
    state: Option<FilingState>,
    filings: Vec<Filing>,
}

/// Oldest first.
async fn filings_of_domain(State(world): State<Arc<World>>, Path(domain): Path<String>) -> Json<DomainFilings> {
    let filings = world.bureau.filings_with_domain(&domain);
    let is_approved = |filing: &&Filing| filing.state == FilingState::Approved;
    Json(DomainFilings {
        domain,
        records_received: filings.len(),
        approved: filings.iter().filter(is_approved).count(),
        state: filings.last().map(|filing| filing.state),
        filings,
    })
}

async fn uploads(State(world): State<Arc<World>>) -> Json<Vec<AccountUploads>> {
    Json(world.bureau.uploads().await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmsEntry {
    mobile: String,
    code: String,
    id_tail: String,
}

#[derive(Serialize)]
struct SmsPage {
    result: PageResult,
    message: &'static str,
}

async fn confirm_sms(State(world): State<Arc<World>>, Strict(entry): Strict<SmsEntry>) -> Json<SmsPage> {
    let result = world.bureau.confirm_sms(&entry.mobile, &entry.code, &entry.id_tail);
    let message = match result {
        PageResult::Completed => "短信核验完成",
        PageResult::WaitingForOthers => "短信核验完成，请等待其他核验人",
        PageResult::NotFound => "该条验证库里找不到记录",
        PageResult::NothingPending => "暂无待短信核验的备案申请",
        PageResult::Returned => "短信核验错误次数超限，备案申请已退回",
    };
    Json(SmsPage { result, message })
}

#[derive(Serialize)]
struct Seeded {
    organiser_number: Option<String>,
    service_numbers: Vec<String>,
}

/// Puts a record there that some provider filed earlier.
async fn seed(State(world): State<Arc<World>>, Strict(record): Strict<Record>) -> Result<Json<Seeded>, Problem> {
    let numbers = world.bureau.seed(&record).map_err(|findings| {
        let texts: Vec<String> = findings.iter().map(|it| format!("{} {}", it.code, it.text)).collect();
        Problem::new(409, texts.join("; "))
    })?;
    let mut numbers = numbers.into_iter();
    Ok(Json(Seeded { organiser_number: numbers.next(), service_numbers: numbers.collect() }))
}

#[derive(Serialize)]
struct Corrected {
    /// Number of the provider that is sent the record again.
    sent_to: u64,
}

/// An officer puts names right, and the bureau sends the whole record again.
async fn correct(
    State(world): State<Arc<World>>,
    Path(number): Path<String>,
    Strict(correction): Strict<Correction>,
) -> Result<Json<Corrected>, Problem> {
    let sent_to = world.bureau.correct(&number, &correction).map_err(|reason| Problem::new(409, reason))?;
    Ok(Json(Corrected { sent_to }))
}

/// What is on record under an organiser's number, in the form of the filed data.
async fn filed_data(State(world): State<Arc<World>>, Path(number): Path<String>) -> Result<Response, Problem> {
    let content_type = [(header::CONTENT_TYPE, "text/xml; charset=UTF-8")];
    match world.bureau.filed_data(&number) {
        Some(xml) => Ok((content_type, xml).into_response()),
        None => Err(Problem::new(404, "no organiser has this number; give it without the part of a service")),
    }
}
