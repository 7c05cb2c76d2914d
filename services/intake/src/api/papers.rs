//! The papers of an order: verification slip, letters, receipts.

mod evidence;
mod printing;

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use icp_domain::{BureauOperation, Filing, Organiser};
use icp_kit::DataKey;
use icp_papers::{
    Completion, CompletionTitle, Facts, Output, Paper, PaperError, Slip, SlipOrder, Submission, letter_templates,
};
use icp_proto::relay;
use icp_rules_sdk::FooterNumber;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::archive::footer_form;
use super::auth::Caller;
use super::openapi::parameters::OrderPath;
use super::openapi::refusals::{Fields, InPhase, Missing};
use super::orders::find;
use super::params::{Path, Query};
use super::problem::{Kind, Problem};
use crate::order::{Event, Phase, evolve};
use crate::store::{self, HistoryRow, StoredOrder};
use crate::{china, content};
use evidence::Recorded;

/// The section `[intake.papers]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PapersConfig {
    /// Full name of the access provider.
    pub provider_name: String,
    /// The program that prints; empty: `icp-press` beside this program.
    pub press_program: PathBuf,
    /// The font; empty: searched in the usual places.
    pub font_file: PathBuf,
    /// Longest time for one paper, milliseconds.
    pub press_timeout_ms: u64,
    /// Largest picture of a slip, bytes.
    pub picture_bytes_max: usize,
    /// Whether the slip of each service goes to the bureau with it.
    pub slips_to_bureau: bool,
}

impl PapersConfig {
    /// Whether the settings can do what they say.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.slips_to_bureau && self.provider_name.trim().is_empty() {
            return Err("the slips for the bureau are signed by the provider: set `intake.papers.provider_name`, or \
                        `intake.papers.slips_to_bureau = false` where the bureau wants none");
        }
        Ok(())
    }
}

const SLIP: &str = "slip";
const ACCEPTANCE_RECEIPT: &str = "acceptance-receipt";
const COMPLETION_NOTICE: &str = "completion-notice";

/// The routes of papers.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// The papers of an order.
#[derive(Serialize, ToSchema)]
struct PaperList {
    /// Those that fit it as it stands.
    papers: Vec<PaperView>,
}

/// A paper that fits the order.
#[derive(Debug, Serialize, ToSchema)]
struct PaperView {
    /// Its name in the path, e.g. `slip`.
    kind: String,
    /// Its Chinese title.
    title: String,
    /// Why it belongs to the order.
    reason: String,
    /// Whether each service has one: `?service=0`.
    is_per_service: bool,
    /// Whether the words are the authority's own.
    is_official_wording: bool,
    /// As which materials the signed paper is uploaded; none where it is not.
    materials: Vec<&'static str>,
}

/// The papers that fit the order, with the reason for each: verification slip, receipts, letters.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/papers",
    tag = "papers",
    params(OrderPath),
    responses((status = 200, description = "The papers.", body = PaperList), Missing)
)]
async fn list(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Json<PaperList>, Problem> {
    let (stored, filing) = read(&api, &caller, &id).await?;
    let recorded = recorded(&api, &stored).await?;
    let ours = |kind: &str, title: &str, reason: &str, is_per_service| PaperView {
        kind: kind.to_owned(),
        title: title.to_owned(),
        reason: reason.to_owned(),
        is_per_service,
        is_official_wording: false,
        materials: Vec::new(),
    };
    let mut papers = Vec::new();
    if recorded.is_passed && !filing.services.is_empty() {
        papers.push(ours(SLIP, "备案信息真实性核验单", "初审已通过，核验单据记录的核验结果填写。", true));
    }
    if recorded.received_at.is_some() {
        papers.push(ours(ACCEPTANCE_RECEIPT, "备案申请受理回执", "管局系统已接收本次提交。", false));
    }
    if recorded.ended_at.is_some() {
        let CompletionTitle { title, reason, .. } = CompletionTitle::of(filing.order_type);
        papers.push(ours(COMPLETION_NOTICE, title, reason, false));
    }
    let on_record = organiser_on_record(&api, &stored, &filing).await?;
    let facts = facts(&api, &stored, &filing, 0, on_record.as_ref());
    let letters = letter_templates()?.iter().filter(|template| template.fits(&facts));
    papers.extend(letters.map(|template| PaperView {
        kind: template.id.clone(),
        title: template.title.clone(),
        reason: template.reason.clone(),
        is_per_service: template.is_per_service,
        is_official_wording: template.is_official_wording,
        materials: template.materials.iter().map(|kind| kind.as_str()).collect(),
    }));
    Ok(Json(PaperList { papers }))
}

/// Which service a paper is about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PaperQuery {
    /// Index of the service.
    #[serde(default)]
    service: usize,
}

/// A paper as a PDF; with `Accept: image/jpeg` the slip as a picture of at most 150 KiB
/// (`intake.papers.picture_bytes_max`).
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/papers/{kind}",
    tag = "papers",
    params(
        OrderPath,
        ("kind" = String, Path, description = "`slip`, `acceptance-receipt`, `completion-notice` or a letter of the list."),
        PaperQuery
    ),
    responses(
        (status = 200, description = "The paper.", content(("application/pdf"), ("image/jpeg"))),
        Fields, Missing, InPhase
    )
)]
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path((id, kind)): Path<(String, String)>,
    Query(query): Query<PaperQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (stored, filing) = read(&api, &caller, &id).await?;
    let what = serde_json::json!({ "paper": kind, "service": query.service });
    api.seen(&caller, &stored, "paper.viewed", what).await?;
    let recorded = recorded(&api, &stored).await?;
    let on_record = organiser_on_record(&api, &stored, &filing).await?;
    let facts = facts(&api, &stored, &filing, query.service, on_record.as_ref());
    let paper = make(&api, &kind, facts, &stored, &recorded)?;
    let accepts_jpeg = headers.get(header::ACCEPT).is_some_and(|accept| accept == "image/jpeg");
    let (output, media_type) = if accepts_jpeg && kind == SLIP {
        (Output::Jpeg { limit_bytes: api.config.papers.picture_bytes_max }, "image/jpeg")
    } else {
        (Output::Pdf, "application/pdf")
    };
    let file = printing::print(&api.config.papers, &filing, paper, output).await?;
    Ok(([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store")], file).into_response())
}

/// What papers of the order are filled from today.
fn facts<'a>(
    api: &'a Api,
    stored: &StoredOrder,
    filing: &'a Filing,
    service: usize,
    record: Option<&'a Organiser>,
) -> Facts<'a> {
    let date = china::day(api.clock.now());
    let provider_name = &api.config.papers.provider_name;
    Facts { filing, service, order_id: stored.id, provider_name, date, record }
}

/// Papers about an event bear its date, so they are the same whenever they are asked for; letters bear today's.
fn make(api: &Api, kind: &str, facts: Facts<'_>, stored: &StoredOrder, recorded: &Recorded) -> Result<Paper, Problem> {
    let not_yet = |when: &str| Problem::new(Kind::WrongPhase, format!("This paper is made {when}."));
    let attempt = stored.order.attempt;
    match kind {
        SLIP => {
            let order = SlipOrder { filing: facts.filing, service: facts.service };
            Ok(slip(api, order, Submission { order_id: stored.id, attempt }, recorded)?)
        }
        ACCEPTANCE_RECEIPT => {
            let date =
                china::day(recorded.received_at.ok_or_else(|| not_yet("after the bureau's system has the order"))?);
            let facts = Facts { date, ..facts };
            Ok(icp_papers::acceptance_receipt(&facts, attempt, date, stored.order.asks_sms)?)
        }
        COMPLETION_NOTICE => {
            let has_ended = matches!(stored.order.phase, Phase::Approved | Phase::Cancelled);
            let number = stored.order.organiser_number.as_deref().filter(|_| has_ended);
            let (at, number) =
                recorded.ended_at.zip(number).ok_or_else(|| not_yet("after the order has been carried out"))?;
            let facts = Facts { date: china::day(at), ..facts };
            let shows_organiser_number = stored.order.phase == Phase::Approved
                && footer_form(api, facts.filing.province.letters())?.0 == FooterNumber::Organiser;
            let completion = Completion {
                organiser_number: number,
                service_numbers: &stored.order.service_numbers,
                ended_on: facts.date,
                shows_organiser_number,
            };
            Ok(icp_papers::completion_notice(&facts, &completion)?)
        }
        letter => {
            let fits = |template: &&icp_papers::LetterTemplate| template.id == letter && template.fits(&facts);
            let template = letter_templates()?.iter().find(fits).ok_or_else(|| {
                Problem::new(Kind::NotFound, "No such paper fits this order; the list at `papers` names those that do.")
            })?;
            Ok(template.fill(&facts)?)
        }
    }
}

/// The slip of a service. Nobody has one whose order was not passed.
fn slip(api: &Api, order: SlipOrder<'_>, submission: Submission, recorded: &Recorded) -> Result<Paper, PaperError> {
    let date = china::day(recorded.passed_at.unwrap_or_else(|| api.clock.now()));
    let slip = Slip::fill(order, submission, &recorded.evidence, &api.config.papers.provider_name, date)?;
    Ok(slip.paper().clone())
}

impl Api {
    /// The slips that go to the bureau with an order that the caller passes by these events.
    pub async fn slips(
        &self,
        caller: &Caller,
        stored: &StoredOrder,
        filing: &Filing,
        events: &[Event],
    ) -> Result<Vec<relay::Slip>, Problem> {
        let operation = filing.order_type.description().bureau;
        if !self.config.papers.slips_to_bureau || !operation.is_some_and(BureauOperation::shows_services) {
            return Ok(Vec::new());
        }
        let mut history = store::history(&self.bus.context().pool, stored.id).await?;
        let at = self.clock.now();
        for (event, version) in events.iter().zip(stored.order.version + 1..) {
            let event = serde_json::to_value(event).map_err(unwritten)?;
            history.push(HistoryRow { version, at, actor: caller.name.clone(), event });
        }
        let passed = events.iter().fold(stored.order.clone(), evolve);
        let submission = Submission { order_id: stored.id, attempt: passed.attempt };
        let recorded = Recorded::of(stored.id, passed.attempt, &history);
        let of_service = |(service, service_index)| {
            let paper = slip(self, SlipOrder { filing, service }, submission, &recorded)?;
            let paper = serde_json::to_vec(&paper.for_picture()).map_err(unwritten)?;
            Ok(relay::Slip { service_index, paper, secret: DataKey::generate().expose().to_vec() })
        };
        (0..filing.services.len()).zip(0..).map(of_service).collect()
    }
}

fn unwritten(error: serde_json::Error) -> Problem {
    tracing::error!(%error, "a slip cannot be written");
    Problem::new(Kind::Internal, "The slip cannot be made; the operator has been told.")
}

async fn read(api: &Api, caller: &Caller, id: &str) -> Result<(StoredOrder, Filing), Problem> {
    let stored = find(api, caller, id).await?;
    let filing = api.filing(&stored)?;
    Ok((stored, filing))
}

/// The organiser as it stands on record in the order's account, as long as the order has not changed it.
async fn organiser_on_record(api: &Api, stored: &StoredOrder, filing: &Filing) -> Result<Option<Organiser>, Problem> {
    let number = content::organiser_number(filing).filter(|_| stored.order.phase != Phase::Approved);
    let found = match number {
        Some(number) => api.reads.organiser_by_number(number).await?,
        None => None,
    };
    let own = found.filter(|found| found.organiser.account.as_deref() == Some(stored.account.as_str()));
    Ok(own.map(|found| found.organiser.open(&api.vault)).transpose()?.flatten())
}

async fn recorded(api: &Api, stored: &StoredOrder) -> Result<Recorded, Problem> {
    let history = store::history(&api.bus.context().pool, stored.id).await?;
    Ok(Recorded::of(stored.id, stored.order.attempt, &history))
}

impl From<PaperError> for Problem {
    fn from(error: PaperError) -> Self {
        let text = error.to_string();
        match error {
            PaperError::MissingField { field, .. } if field.starts_with("record.") => {
                let detail = "This paper names what is on record before the order changes it, and the archive of this \
                              account holds no such record; check `organiser.number`.";
                Self::new(Kind::WrongPhase, detail)
            }
            PaperError::MissingField { field, .. } => Self::field(&field, &text, "fill it in and ask again"),
            PaperError::NoSuchService { .. } => Self::field("service", &text, "name one of the declared services"),
            PaperError::NotReviewed { .. } => Self::new(Kind::WrongPhase, format!("{text}.")),
            PaperError::Template(_) => {
                tracing::error!(error = text, "a template of a paper is wrong");
                Self::new(Kind::Internal, "The paper cannot be made; the operator has been told.")
            }
        }
    }
}
