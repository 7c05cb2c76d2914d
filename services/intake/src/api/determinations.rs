//! Which type an order must be of: asked of the archive and, through the relay, of the ministry.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use icp_bus::{Effects, Outgoing};
use icp_domain::names::DomainName;
use icp_domain::{Filing, Holder, OrderType, ServiceKind};
use icp_kit::DataKey;
use icp_proto::{common, relay};
use icp_rules_sdk::{Context, Order};
use serde::Serialize;
use serde_json::json;
use sqlx::PgPool;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::Caller;
use super::openapi::refusals::{JsonBody, Missing};
use super::params::Path;
use super::problem::{FieldError, Kind, Problem};
use super::{Api, body};
use crate::archive::lookup::{self, ServiceFound};
use crate::archive::record::{kind_text, name_key};
use crate::archive::record_found::RecordFound;
use crate::determination::store::{self, ABOUT_DOMAIN, ABOUT_ORGANISER, Stored};
use crate::determination::{Answers, AppHere, Asked, Here, Known, Outcome, determine, differences, other_numbers};
use crate::{audit, rules};

/// The routes of determinations.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(ask)).routes(routes!(show))
}

/// A question and what it came to.
#[derive(Serialize, ToSchema)]
struct Determination {
    /// Its id, to create an order with.
    id: Uuid,
    /// When it was asked.
    created_at: DateTime<Utc>,
    #[serde(flatten)]
    outcome: Outcome,
}

/// Asks of which type an order must be, about one domain or one app.
///
/// The archive answers at once, the ministry within minutes: read it again until its `status` is not `pending`.
#[utoipa::path(
    post,
    path = "/v1/determinations",
    tag = "determinations",
    request_body(content = Asked, example = json!({
        "province": "gd", "nature": 4, "certificate": {"kind": 1, "number": "91440305MAXD00017M"},
        "domain": "specimen-shanhai.cn"
    })),
    responses(
        (status = 202, description = "The ministry is asked.", body = Determination, headers(
            ("Location" = String, description = "Path of the determination.")
        )),
        JsonBody
    )
)]
async fn ask(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    let asked: Asked = body::json(&headers, request_body, api.config.max_body_bytes).await?;
    let domain = validated(&asked)?;
    let known = api.known(&caller, &asked, domain.as_ref()).await?;
    let id = Uuid::now_v7();
    let data_key = DataKey::generate();
    let clear = serde_json::to_vec(&asked)
        .map_err(|error| Problem::new(Kind::Internal, format!("The question cannot be stored: {error}.")))?;
    let stored = Stored {
        id,
        account: caller.account.clone(),
        asked: data_key.encrypt(id.as_bytes(), &clear)?,
        data_key: api.vault.wrap(&data_key, id.as_bytes())?,
        known,
        created_at: api.clock.now(),
    };
    let certificate = common::Certificate {
        kind: asked.certificate.kind.into(),
        number: asked.certificate.number.trim().to_owned(),
        ..common::Certificate::default()
    };
    let by_certificate = relay::StatusCondition { certificate: Some(certificate), ..Default::default() };
    let by_domain = domain.map(|name| relay::StatusCondition { domain: name.ascii().to_owned(), ..Default::default() });
    let mut effects = Effects::new();
    let mut queries = Vec::new();
    for (about, condition) in [(ABOUT_ORGANISER, Some(by_certificate)), (ABOUT_DOMAIN, by_domain)] {
        let Some(condition) = condition else { continue };
        let query = Uuid::now_v7();
        let query_id = query.to_string();
        let sealed = api.bus.context().keyring.seal("relay", &query_id, &condition)?;
        let province = asked.province.letters().to_owned();
        let message = relay::Query { query_id: query_id.clone(), province, condition: Some(sealed) };
        effects.send(Outgoing::task("relay", "query", query_id, &message));
        queries.push((query, about));
    }
    let mut transaction = api.bus.begin().await?;
    store::insert(&mut transaction, &stored, &queries).await?;
    let detail = json!({ "account": stored.account, "province": asked.province });
    let object = format!("determination {id}");
    let entry = audit::Entry::of(&caller, stored.created_at, "determination.asked", object, &detail);
    audit::store::record(&mut *transaction, &[entry]).await?;
    let path = format!("/v1/determinations/{id}");
    api.carry_out(&mut transaction, &caller, &path).await?;
    api.bus.commit(transaction, effects).await?;
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, path)], view(&stored, Outcome::Pending)).into_response())
}

/// What the question came to: `determined` (type and numbers on record), `blocked` (findings with the way out),
/// `unanswered` (ask again) or still `pending`.
#[utoipa::path(
    get,
    path = "/v1/determinations/{id}",
    tag = "determinations",
    params(("id" = Uuid, Path, description = "Id of the determination.")),
    responses((status = 200, description = "The determination.", body = Determination), Missing)
)]
async fn show(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Json<Determination>, Problem> {
    let (stored, answers) = api.determination(&caller, &id).await?;
    let outcome = determine(&stored.known, &answers);
    Ok(view(&stored, outcome))
}

fn view(stored: &Stored, outcome: Outcome) -> Json<Determination> {
    Json(Determination { id: stored.id, created_at: stored.created_at, outcome })
}

/// The domain, if one is asked about.
pub fn validated(asked: &Asked) -> Result<Option<DomainName>, Problem> {
    let mut errors = Vec::new();
    if asked.certificate.number.trim().is_empty() || asked.certificate.number.chars().count() > 255 {
        let remedy = "give the number as it is on record, 1 to 255 characters";
        errors.push(FieldError::new("certificate.number", "is empty or too long", remedy));
    }
    if asked.domain.is_some() == asked.app.is_some() {
        let reason = "a question is about one domain or one app";
        errors.push(FieldError::new("domain", reason, "give either `domain` or `app`"));
    }
    if asked.kind.is_some_and(|kind| asked.app.is_none() || kind == ServiceKind::Website) {
        errors.push(FieldError::new("kind", "is that of an app alone", "give `app`, `mini_program` or `quick_app`"));
    }
    if asked.package.is_some() && (asked.app.is_none() || asked.kind.is_some_and(|kind| kind != ServiceKind::App)) {
        errors.push(FieldError::new("package", "is that of an APP alone", "leave it out"));
    }
    let domain = asked.domain.as_deref().map(DomainName::parse).transpose().unwrap_or_else(|error| {
        errors.push(FieldError::new("domain", error.to_string(), "give a domain name such as example.cn"));
        None
    });
    if errors.is_empty() { Ok(domain) } else { Err(Problem::fields(errors)) }
}

/// The APP, mini-program or quick app in question, where it is on record here: by its name among the services under the
/// certificate, which are `here`, or by its package with any organiser.
async fn app_here(pool: &PgPool, asked: &Asked, here: &[RecordFound]) -> Result<Option<AppHere>, sqlx::Error> {
    let Some(name) = asked.app.as_deref().map(name_key) else { return Ok(None) };
    let is_asked = |service: &&ServiceFound| {
        let is_website = service.kind == kind_text(ServiceKind::Website);
        asked.kind.map_or(!is_website, |kind| service.kind == kind_text(kind)) && name_key(&service.name) == name
    };
    let own =
        here.iter().flat_map(|record| &record.services).filter(is_asked).max_by_key(|service| service.is_connected);
    let found = match (own, asked.package.as_deref()) {
        (None, Some(package)) => lookup::app_by_package(pool, package.trim()).await?,
        (own, _) => own.cloned(),
    };
    Ok(found.map(|service| AppHere {
        number: service.number,
        organiser_number: service.organiser_number,
        is_connected: service.is_connected,
    }))
}

impl Api {
    /// A determination of the caller's account with its answers so far.
    async fn determination(&self, caller: &Caller, id: &str) -> Result<(Stored, Answers), Problem> {
        let missing = || Problem::new(Kind::NotFound, "There is no such determination; check the id.");
        let id = Uuid::parse_str(id).map_err(|_| missing())?;
        let context = self.bus.context();
        let (stored, answers) = store::load(&context.pool, &context.keyring, id).await?.ok_or_else(missing)?;
        if caller.may_see(&stored.account) { Ok((stored, answers)) } else { Err(missing()) }
    }

    /// Refuses a filing that is not what the determination found; answers its id.
    pub async fn check_determined(&self, caller: &Caller, id: &str, filing: &Filing) -> Result<Uuid, Problem> {
        let (stored, answers) = self.determination(caller, id).await?;
        if stored.account != caller.account {
            let remedy = "name the account with the header Icp-Account";
            return Err(Problem::field("determination", "was asked for another account of yours", remedy));
        }
        let days = self.config.determination_days;
        if self.clock.now() - stored.created_at > TimeDelta::days(days.into()) {
            let reason = format!("was asked more than {days} days ago; the record may be another by now");
            return Err(Problem::field("determination", &reason, "ask again: POST /v1/determinations"));
        }
        let refused = |reason: &str, remedy: &str| Problem::field("order_type", reason, remedy);
        let mut errors = match determine(&stored.known, &answers) {
            Outcome::Determined { order_type, .. } if order_type != filing.order_type => {
                let reason = format!("the determination found {}", order_type.as_str());
                return Err(refused(&reason, "give that type"));
            }
            Outcome::Determined { organiser_number, service_number, .. } => {
                other_numbers(organiser_number.as_deref(), service_number.as_deref(), filing)
            }
            Outcome::Blocked { findings } => {
                let reason = findings.first().map(|finding| finding.message_en.clone()).unwrap_or_default();
                return Err(refused(&reason, "see the determination for the way out"));
            }
            Outcome::Pending | Outcome::Unanswered { .. } => {
                let remedy = "wait until the determination is answered, or ask for another one";
                return Err(refused("the ministry has not answered", remedy));
            }
        };
        let key = self.vault.unwrap_key(&stored.data_key, stored.id.as_bytes())?;
        let clear = key.decrypt(stored.id.as_bytes(), &stored.asked)?;
        let asked: Asked = serde_json::from_slice(&clear)
            .map_err(|_| Problem::new(Kind::Internal, "The stored question cannot be read; ask for another one."))?;
        errors.extend(differences(&asked, filing));
        if errors.is_empty() { Ok(stored.id) } else { Err(Problem::fields(errors)) }
    }

    /// What is known here when the question is asked.
    async fn known(&self, caller: &Caller, asked: &Asked, domain: Option<&DomainName>) -> Result<Known, Problem> {
        let index = self.organiser_index(&asked.certificate.number);
        let here = self.reads.organisers_by_certificate(&index).await?;
        let domains: Vec<String> = domain.iter().map(|name| name.ascii().to_owned()).collect();
        let domain_here = self.reads.services_by_domain(&domains).await?;
        let in_flight = self.reads.count_in_flight(&index, Uuid::nil()).await?;
        let pool = &self.bus.context().pool;
        let app_here = app_here(pool, asked, &here).await?;
        let is_domain_in_flight = !self.reads.domains_in_flight(&domains, &index).await?.is_empty();
        let website = kind_text(ServiceKind::Website);
        let mut connected = domain_here.into_iter().filter(|service| service.is_connected && service.kind == website);
        Ok(Known {
            province: Some(asked.province),
            here: here
                .into_iter()
                .map(|record| Here {
                    number: record.organiser.number,
                    holder: match record.organiser.account {
                        Some(account) if account == caller.account => Holder::Asking,
                        Some(_) => Holder::Other,
                        None => Holder::Nobody,
                    },
                    services: i64::try_from(record.services.len()).unwrap_or(i64::MAX),
                })
                .collect(),
            domain_here: connected.next().map(|service| service.number),
            app_here,
            in_flight,
            is_domain_in_flight,
            shell_may_add: self.shell_may_add(asked),
        })
    }

    fn shell_may_add(&self, asked: &Asked) -> Option<bool> {
        let order = Order {
            order_type: OrderType::AddService.into(),
            province: asked.province.letters().to_owned(),
            ..Order::default()
        };
        let context = Context::on(rules::day_in_china(self.clock.now()));
        let requirements = self.rules.requirements(asked.province, &order, &context).ok()?;
        requirements.capabilities.map(|capabilities| capabilities.shell_add)
    }
}
