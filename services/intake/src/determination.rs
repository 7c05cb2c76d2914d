//! Which type an order must be of (验证备案类型, filing-rules §1.1), as a pure function of what was asked and what is
//! known; and its place in the database ([`store`]).

pub mod store;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use icp_domain::identifiers::{FilingNumber, is_same_number};
use icp_domain::names::DomainName;
use icp_domain::{Filing, Finding, Holder, OrderType, Province, ServiceKind, Severity, Stage};
use icp_kit::Keyring;
use icp_proto::bureau;
use icp_proto::common::Sealed;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::problem::FieldError;

/// What decides the type: these fields of the filing are frozen once an order was created from the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Question)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Province whose bureau will decide.
    pub province: Province,
    /// Nature of the organiser (单位性质).
    pub nature: u16,
    /// The organiser's certificate.
    pub certificate: AskedCertificate,
    /// Domain of the website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Name of the APP, mini-program or quick app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Which of the three it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ServiceKind>,
    /// Package name or bundle id of the APP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub package: Option<String>,
}

/// A certificate as it must stand on record, number for number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedCertificate {
    /// Kind (证件类型).
    pub kind: u16,
    /// Number as printed.
    #[schema(min_length = 1, max_length = 255)]
    pub number: String,
}

/// The organiser's record here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Here {
    /// Its number.
    pub number: String,
    /// Who holds it.
    pub holder: Holder,
    /// Services that it has here.
    pub services: i64,
}

/// An APP, mini-program or quick app on record here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppHere {
    /// Its number.
    pub number: String,
    /// Number of its organiser.
    pub organiser_number: String,
    /// Whether this provider connects it.
    pub is_connected: bool,
}

/// What is known when the question is asked. No personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Province whose bureau shall decide; absent in questions from before it was kept.
    #[serde(default)]
    pub province: Option<Province>,
    /// Records here under the certificate.
    pub here: Vec<Here>,
    /// Number of the website that has the domain here and is connected.
    pub domain_here: Option<String>,
    /// The APP, mini-program or quick app that is asked about, where it is on record here.
    #[serde(default)]
    pub app_here: Option<AppHere>,
    /// Orders of the organiser in flight here.
    pub in_flight: i64,
    /// Whether another organiser's order in flight here has the domain.
    #[serde(default)]
    pub is_domain_in_flight: bool,
    /// Whether the province lets an organiser without services add one; absent where no module says.
    pub shell_may_add: Option<bool>,
}

/// What the ministry has on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Recorded {
    /// It could not say.
    Unknown {
        /// msg_code of the call.
        code: u32,
        /// Its words: as they are stored, sealed for this service (base64); clear once they were [opened](Self::opened).
        #[serde(default)]
        words: String,
    },
    /// Nothing.
    Nothing,
    /// These numbers.
    Filed {
        /// Number of the organiser.
        organiser_number: String,
        /// Number of the service, when a domain was asked for.
        service_number: String,
    },
}

impl Recorded {
    /// There was no answer; the words stay sealed.
    pub fn unknown(code: u32, words: Option<&Sealed>) -> Self {
        Self::Unknown { code, words: words.map(|sealed| STANDARD.encode(sealed.encode_to_vec())).unwrap_or_default() }
    }

    /// With the words in clear; none where this service has another key by now.
    pub fn opened(self, keyring: &Keyring, query_id: &str) -> Self {
        let Self::Unknown { code, words } = self else { return self };
        let open = || {
            let sealed = Sealed::decode(STANDARD.decode(&words).ok()?.as_slice()).ok()?;
            Some(keyring.open::<bureau::Words>(&sealed, query_id).ok()?.texts.join("；"))
        };
        Self::Unknown { code, words: open().unwrap_or_default() }
    }
}

/// Answers of the ministry; `None` as long as one is awaited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// By certificate.
    pub organiser: Option<Recorded>,
    /// By domain; outer `None` where none was asked for.
    pub domain: Option<Option<Recorded>>,
}

/// What the question comes to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = DeterminationOutcome)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// The ministry's answer is awaited.
    Pending,
    /// The ministry could not say: ask again.
    Unanswered {
        /// msg_code of the call.
        code: u32,
        /// Its words.
        text: String,
    },
    /// The order must be of this type.
    Determined {
        /// The type.
        order_type: OrderType,
        /// Number of the organiser on record.
        #[serde(skip_serializing_if = "Option::is_none")]
        organiser_number: Option<String>,
        /// Number of the service on record.
        #[serde(skip_serializing_if = "Option::is_none")]
        service_number: Option<String>,
        /// What to look at before the order; nothing of it stands in the way.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        findings: Vec<Finding>,
    },
    /// No order is possible as things are; each finding names the way out.
    Blocked {
        /// Why, and what to do.
        findings: Vec<Finding>,
    },
}

/// The type, or what stands in the way.
pub fn determine(known: &Known, answers: &Answers) -> Outcome {
    let (Some(organiser), Some(domain)) = (&answers.organiser, answers.domain.as_ref().map_or(Some(None), awaited))
    else {
        return Outcome::Pending;
    };
    for answer in [Some(organiser), domain].into_iter().flatten() {
        if let Recorded::Unknown { code, words } = answer {
            return Outcome::Unanswered { code: *code, text: words.clone() };
        }
    }
    if known.in_flight > 0 {
        return blocked(IN_FLIGHT);
    }
    if known.is_domain_in_flight {
        return blocked(DOMAIN_IN_FLIGHT);
    }
    let organiser = filed(Some(organiser)).map(|(number, _)| number);
    if organiser.is_some_and(|number| is_of_another_province(number, known.province)) {
        return blocked(OTHER_PROVINCE);
    }
    if let Some(app) = &known.app_here {
        let is_here = |number: &str| known.here.iter().any(|here| is_same_number(&here.number, number));
        match organiser {
            Some(organiser) if is_same_number(organiser, &app.organiser_number) => {
                return connect(known, organiser, &app.number, app.is_connected.then_some(APP_CONNECTED_ALREADY));
            }
            _ if !is_here(&app.organiser_number) => return blocked(APP_OF_ANOTHER),
            // The ministry does not know the record that is here.
            _ => {}
        }
    }
    match (organiser, filed(domain)) {
        (None, None) => determined(OrderType::FirstFiling, None, None),
        (None, Some(_)) => blocked(DOMAIN_OF_ANOTHER),
        (Some(organiser), None) => add(known, organiser),
        (Some(organiser), Some((other, _))) if !is_same_number(organiser, other) => blocked(TWO_NUMBERS),
        (Some(organiser), Some((_, service))) => {
            connect(known, organiser, service, known.domain_here.as_ref().map(|_| CONNECTED_ALREADY))
        }
    }
}

/// `Some(answer)` when it has come.
fn awaited(answer: &Option<Recorded>) -> Option<Option<&Recorded>> {
    answer.as_ref().map(Some)
}

fn filed(answer: Option<&Recorded>) -> Option<(&str, &str)> {
    match answer {
        Some(Recorded::Filed { organiser_number, service_number }) => Some((organiser_number, service_number)),
        _ => None,
    }
}

/// The organiser is on record, the service is not.
fn add(known: &Known, organiser: &str) -> Outcome {
    let Some(here) = known.here.iter().find(|here| is_same_number(&here.number, organiser)) else {
        return determined(OrderType::AddServiceElsewhere, Some(organiser), None);
    };
    match here.holder {
        Holder::Other => blocked(HELD_BY_ANOTHER),
        Holder::Nobody => blocked(HELD_BY_NOBODY),
        Holder::Asking => {
            // Services may stand at other providers: the ministry does not say whether there are any.
            let may_be_shell = here.services == 0 && known.shell_may_add == Some(false);
            let notes = may_be_shell.then(|| PERHAPS_A_SHELL.finding(Severity::Advise));
            noted(OrderType::AddService, Some(organiser), None, notes.into_iter().collect())
        }
    }
}

/// Organiser and service are on record together; `connected` says so where the service is connected here.
fn connect(known: &Known, organiser: &str, service: &str, connected: Option<Block>) -> Outcome {
    if let Some(connected) = connected {
        return blocked(connected);
    }
    let here = known.here.iter().find(|here| is_same_number(&here.number, organiser));
    match here.map(|here| here.holder) {
        None => determined(OrderType::AddAccess, Some(organiser), Some(service)),
        Some(Holder::Asking) => determined(OrderType::ContinueAccess, Some(organiser), Some(service)),
        Some(Holder::Other) => blocked(HELD_BY_ANOTHER),
        Some(Holder::Nobody) => blocked(HELD_BY_NOBODY),
    }
}

fn determined(order_type: OrderType, organiser: Option<&str>, service: Option<&str>) -> Outcome {
    noted(order_type, organiser, service, Vec::new())
}

fn noted(order_type: OrderType, organiser: Option<&str>, service: Option<&str>, findings: Vec<Finding>) -> Outcome {
    let number = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Outcome::Determined { order_type, organiser_number: number(organiser), service_number: number(service), findings }
}

/// Whether a number was given by the bureau of a province that is not the one asked for.
fn is_of_another_province(number: &str, asked: Option<Province>) -> bool {
    let given_by = FilingNumber::parse(number).map(|number| number.province());
    given_by.is_ok_and(|province| asked.is_some_and(|asked| asked != province))
}

struct Block {
    code: &'static str,
    field: &'static str,
    zh: &'static str,
    en: &'static str,
    way_out: &'static str,
}

const IN_FLIGHT: Block = Block {
    code: "S06",
    field: "certificate.number",
    zh: "该主办者已有进行中的备案订单（主办者冲突）",
    en: "another order of this organiser is in flight",
    way_out: "finish or withdraw the other order first",
};
const DOMAIN_IN_FLIGHT: Block = Block {
    code: "D06",
    field: "domain",
    zh: "该域名在其他主办者进行中的备案订单里（域名冲突）",
    en: "the domain is in another organiser's order that is in flight",
    way_out: "have that order withdrawn, or wait until it has ended; if the domain is yours and the order is not, ask the \
              provider to clear it up; or name another domain",
};
const DOMAIN_OF_ANOTHER: Block = Block {
    code: "D06",
    field: "domain",
    zh: "该域名已在其他主体名下备案（域名冲突）",
    en: "the domain is on record, and no organiser is under this certificate",
    way_out: "give the certificate number that is on record (an old licence number counts until it is changed), or have \
              the other organiser deregister the service or migrate it",
};
const TWO_NUMBERS: Block = Block {
    code: "D06",
    field: "domain",
    zh: "域名与主体对应两个不同的备案号（域名冲突）",
    en: "the organiser and the domain are on record under two different numbers",
    way_out: "have the other organiser deregister the service, or migrate it to this one (迁移备案)",
};
const OTHER_PROVINCE: Block = Block {
    code: "S03",
    field: "province",
    zh: "该主体在其他省份备案",
    en: "the organiser is on record in another province",
    way_out: "ask with the province of its number; or move the record first, by a change of the organiser (变更主体) at the \
              bureau of this province",
};
const APP_OF_ANOTHER: Block = Block {
    code: "S05",
    field: "package",
    zh: "该APP包名已在其他主体名下备案",
    en: "the package is on record here with another organiser",
    way_out: "check the package and the certificate number; the other organiser must deregister the APP before it is filed \
              anew",
};
const APP_CONNECTED_ALREADY: Block = Block {
    code: "S05",
    field: "app",
    zh: "该服务已在本接入商备案并接入",
    en: "the organiser has filed and connected it here already",
    way_out: "order a change of the service or of its access instead; or give another name",
};
const PERHAPS_A_SHELL: Block = Block {
    code: "S08",
    field: "certificate.number",
    zh: "本接入商没有该主体的服务；若其他接入商也没有，则为空壳主体，本省须先注销",
    en: "the organiser has no service here; if it has none elsewhere either, this province lets it add none",
    way_out: "look on the ministry's site whether services of the organiser stand at other providers; only if there are \
              none, deregister the organiser and file anew as a first filing",
};
const HELD_BY_ANOTHER: Block = Block {
    code: "S05",
    field: "certificate.number",
    zh: "该主体的备案在本接入商的其他账号下",
    en: "another account here holds the record of this organiser",
    way_out: "work in that account, or have the record transferred to this one (转移备案)",
};
const HELD_BY_NOBODY: Block = Block {
    code: "S05",
    field: "certificate.number",
    zh: "该主体已在本接入商备案，但尚未绑定账号",
    en: "the organiser is on record here, and no account holds the record",
    way_out: "claim the record first (认领备案)",
};
const CONNECTED_ALREADY: Block = Block {
    code: "S05",
    field: "domain",
    zh: "该域名已在本接入商备案并接入",
    en: "the domain is filed and connected here already",
    way_out: "order a change of the service or of its access instead",
};

impl Block {
    fn finding(&self, severity: Severity) -> Finding {
        Finding {
            code: self.code.to_owned(),
            stage: Stage::Rules,
            severity,
            field: self.field.to_owned(),
            message_zh: self.zh.to_owned(),
            message_en: self.en.to_owned(),
            remedy: self.way_out.to_owned(),
            source: Some(crate::check::sources::ORDER_TYPES.into()),
        }
    }
}

fn blocked(block: Block) -> Outcome {
    Outcome::Blocked { findings: vec![block.finding(Severity::Block)] }
}

/// What of a filing decides its type: `(field, value)`, comparable.
fn deciding(filing: &Filing) -> Vec<(String, String)> {
    let organiser = &filing.organiser;
    let mut fields = vec![
        ("province".to_owned(), filing.province.letters().to_owned()),
        ("organiser.nature".to_owned(), organiser.nature.to_string()),
        ("organiser.certificate.kind".to_owned(), organiser.certificate.kind.to_string()),
        ("organiser.certificate.number".to_owned(), comparable(&organiser.certificate.number)),
    ];
    for (index, service) in filing.services.iter().enumerate() {
        if service.kind == ServiceKind::Website {
            let domains: Vec<String> = service.domains.iter().map(|domain| comparable_domain(domain)).collect();
            fields.push((format!("services[{index}].domains"), domains.join(" ")));
        } else {
            fields.push((format!("services[{index}].name"), comparable(&service.name)));
        }
    }
    fields
}

/// Fields that a changed filing may not change, because they decided the type of the order.
pub fn frozen(before: &Filing, after: &Filing) -> Vec<FieldError> {
    let mut changed: Vec<String> = Vec::new();
    let (before, after) = (deciding(before), deciding(after));
    for (field, value) in before.iter().chain(&after) {
        let in_both = before.iter().chain(&after).filter(|(name, other)| name == field && other == value).count();
        if in_both != 2 && !changed.contains(field) {
            changed.push(field.clone());
        }
    }
    changed
        .into_iter()
        .map(|field| FieldError::new(field, "decided the type of the order and is frozen", "withdraw and begin anew"))
        .collect()
}

/// Fields of a filing that are not what was asked about.
pub fn differences(asked: &Asked, filing: &Filing) -> Vec<FieldError> {
    let certificate = &filing.organiser.certificate;
    let has_service = match (&asked.domain, &asked.app) {
        (Some(domain), _) => filing
            .services
            .iter()
            .any(|service| service.domains.iter().any(|other| comparable_domain(other) == comparable_domain(domain))),
        (None, Some(app)) => filing.services.iter().any(|service| {
            let is_kind = asked.kind.map_or(service.kind != ServiceKind::Website, |kind| kind == service.kind);
            let has = |package: &String| service.app_platforms.iter().any(|app| app.package.trim() == package.trim());
            is_kind && comparable(&service.name) == comparable(app) && asked.package.as_ref().is_none_or(has)
        }),
        (None, None) => true,
    };
    [
        ("province", filing.province == asked.province),
        ("organiser.nature", filing.organiser.nature == asked.nature),
        ("organiser.certificate.kind", certificate.kind == asked.certificate.kind),
        ("organiser.certificate.number", comparable(&certificate.number) == comparable(&asked.certificate.number)),
        (if asked.domain.is_some() { "services[0].domains" } else { "services[0].name" }, has_service),
    ]
    .into_iter()
    .filter(|(_, is_same)| !is_same)
    .map(|(field, _)| {
        let remedy = "give what the determination was asked about, or ask for another one";
        FieldError::new(field, "is not what the type was determined for", remedy)
    })
    .collect()
}

/// Fields of a filing with other numbers than those that were found.
pub fn other_numbers(organiser: Option<&str>, service: Option<&str>, filing: &Filing) -> Vec<FieldError> {
    let is_organiser =
        |found: &str| filing.organiser.number.as_deref().is_some_and(|number| is_same_number(number, found));
    let is_service = |found: &str| {
        filing
            .services
            .iter()
            .filter_map(|service| service.number.as_deref())
            .any(|number| is_same_number(number, found))
    };
    let organiser = organiser.filter(|found| !is_organiser(found)).map(|found| ("organiser.number", found));
    let service = service.filter(|found| !is_service(found)).map(|found| ("services[0].number", found));
    let other = organiser.into_iter().chain(service);
    other
        .map(|(field, found)| FieldError::new(field, "is not what was found on record", format!("give {found}")))
        .collect()
}

fn comparable(text: &str) -> String {
    icp_domain::names::comparable_name(text).to_uppercase()
}

fn comparable_domain(text: &str) -> String {
    DomainName::parse(text).map_or_else(|_| text.trim().to_lowercase(), |name| name.ascii().to_owned())
}

#[cfg(test)]
mod tests;
