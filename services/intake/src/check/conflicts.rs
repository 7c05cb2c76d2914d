//! What an order says against what is on record here.

use std::collections::BTreeSet;

use icp_domain::identifiers::is_same_number;
use icp_domain::names::DomainName;
use icp_domain::{Filing, Finding, Holder, InternetService, Part, ServiceKind, Severity, Stage};

use crate::archive::lookup::ServiceFound;
use crate::archive::record::kind_text;
use crate::archive::record_found::RecordFound;

const NUMBER: &str = "organiser.number";
const CERTIFICATE: &str = "organiser.certificate.number";

/// What is on record here of the organiser and the services that a filing names.
#[derive(Debug, Clone, Default)]
pub struct OnRecord {
    /// The organiser of the number that the filing names.
    pub by_number: Option<RecordFound>,
    /// Organisers of the filing's certificate.
    pub by_certificate: Vec<RecordFound>,
    /// Services of the filing's domains.
    pub by_domain: Vec<ServiceFound>,
    /// The filing's services by their numbers, also those that were taken off the record; each in its place.
    pub named: Vec<Option<ServiceFound>>,
    /// Keyed digest of the filing's certificate number.
    pub certificate_index: Vec<u8>,
}

/// Other orders in flight that concern what a filing names.
#[derive(Debug, Clone, Default)]
pub struct InFlight {
    /// Orders of the organiser, by its certificate.
    pub orders: i64,
    /// Those of the filing's domains that another organiser's orders have, A-label form.
    pub domains: Vec<String>,
    /// Whether the account that must let the record go has an order about it; its certificate may be changing.
    pub of_record: bool,
}

impl OnRecord {
    /// The organiser's record: of the number that the filing names, else of its certificate.
    pub fn organiser(&self) -> Option<&RecordFound> {
        self.by_number.as_ref().or(self.by_certificate.first())
    }
}

/// Where the filing contradicts the record; `account` is the one that orders.
pub fn conflicts(filing: &Filing, account: &str, record: &OnRecord, in_flight: &InFlight) -> Vec<Finding> {
    let mut findings = match filing.order_type.description().holder {
        Some(Holder::Other) => transfer(account, record, in_flight),
        Some(Holder::Nobody) => claim(account, record).into_iter().collect(),
        Some(Holder::Asking) | None => organiser(filing, account, record).into_iter().collect(),
    };
    findings.extend((0..filing.services.len()).filter_map(|index| service(filing, index, account, record)));
    findings.extend(domains(filing, record, in_flight));
    findings
}

/// A record goes to another account as a whole, and while nothing is on the way (filing-rules §1.2). No rules judge it.
fn transfer(account: &str, record: &OnRecord, in_flight: &InFlight) -> Vec<Finding> {
    let is_anothers = |found: &&RecordFound| found.organiser.account.as_deref().is_some_and(|holder| holder != account);
    let Some(found) = record.by_number.as_ref().filter(is_anothers) else {
        return vec![finding(
            ("S07", Severity::Block, NUMBER),
            "没有其他账号持有该备案",
            "no other account holds this record".to_owned(),
            "check the number; a record that nobody holds is claimed (认领备案)",
        )];
    };
    // Whoever does not know the organiser's certificate learns nothing else of its record.
    if found.organiser.certificate_index != record.certificate_index {
        return vec![finding(
            ("S07", Severity::Block, CERTIFICATE),
            "证件号码与该备案的档案不一致",
            "the certificate is not that of the record".to_owned(),
            "give the organiser's certificate number as it is on record, or correct the number of the record",
        )];
    }
    let mut findings = Vec::new();
    if in_flight.orders > 0 || in_flight.of_record {
        findings.push(finding(
            ("S06", Severity::Block, NUMBER),
            "该主办者有进行中的备案订单（主办者冲突）",
            "another order of this organiser is in flight".to_owned(),
            "wait until it has ended, or have it withdrawn",
        ));
    }
    if record.by_certificate.iter().any(|known| known.organiser.account.as_deref() == Some(account)) {
        findings.push(finding(
            ("S07", Severity::Block, NUMBER),
            "本账号已持有该主体的备案",
            "this account holds a record of this organiser already".to_owned(),
            "have the record transferred to an account that holds none of this organiser",
        ));
    }
    findings
}

/// A record that nobody holds goes to the account that proves to be its organiser. No rules judge it.
fn claim(account: &str, record: &OnRecord) -> Option<Finding> {
    let Some(found) = &record.by_number else {
        return Some(finding(
            ("S07", Severity::Review, NUMBER),
            "备案号无法确认，须与工信部记录核对",
            "the number could not be confirmed: compare it with the ministry's record".to_owned(),
            "check the number; the reviewer compares organiser and certificate with the ministry's record",
        ));
    };
    match found.organiser.account.as_deref() {
        Some(holder) if holder == account => Some(finding(
            ("S07", Severity::Block, NUMBER),
            "该备案已在本账号下",
            "the record is held by this account already".to_owned(),
            "leave the order: nothing is to be claimed",
        )),
        Some(_) => Some(finding(
            ("S07", Severity::Block, NUMBER),
            "该备案在本接入商的其他账号下",
            "another account holds the record".to_owned(),
            "have the record transferred to this account (转移备案)",
        )),
        // It may have been renewed since: whoever claims cannot change the record first.
        None if found.organiser.certificate_index != record.certificate_index => Some(finding(
            ("S07", Severity::Review, CERTIFICATE),
            "证件号码与该备案的档案不一致",
            "the certificate is not that of the record".to_owned(),
            "prove that both are the organiser's (更名函/变更证明), or correct the number",
        )),
        None => None,
    }
}

fn organiser(filing: &Filing, account: &str, record: &OnRecord) -> Option<Finding> {
    let holder = record.by_number.as_ref().map(|found| found.organiser.account.as_deref());
    let is_connected =
        record.by_number.as_ref().is_some_and(|found| found.services.iter().any(|service| service.is_connected));
    match (filing.order_type.description().organiser, holder) {
        (Part::New, _) => record.by_certificate.first().map(|known| {
            finding(
                ("S07", Severity::Block, CERTIFICATE),
                "该主体已有备案记录",
                format!("the organiser is on record as {}", known.organiser.number),
                "order an addition or a change under that number",
            )
        }),
        (Part::OnRecordElsewhere, Some(Some(holder))) if holder != account && is_connected => Some(finding(
            ("S07", Severity::Block, NUMBER),
            "该备案在本接入商的其他账号下",
            "another account holds the record, and services of it are connected here".to_owned(),
            "work in that account, or have the record transferred (转移备案)",
        )),
        (Part::OnRecordElsewhere, Some(_)) => Some(finding(
            ("S07", Severity::Review, NUMBER),
            "该主体在本接入商已有备案记录",
            "the organiser is on record here, not only elsewhere".to_owned(),
            "order the type for organisers of this provider",
        )),
        (Part::OnRecordElsewhere | Part::Absent, _) => None,
        (_, Some(Some(holder))) if holder == account => None,
        (_, Some(Some(_))) => Some(finding(
            ("S07", Severity::Block, NUMBER),
            "该备案在本接入商的其他账号下",
            "another account holds the record".to_owned(),
            "work in that account, or have the record transferred (转移备案)",
        )),
        (_, Some(None)) => Some(finding(
            ("S07", Severity::Block, NUMBER),
            "该备案尚未绑定账号",
            "no account holds the record".to_owned(),
            "claim the record first (认领备案)",
        )),
        (_, None) => Some(finding(
            ("S07", Severity::Review, NUMBER),
            "本接入商没有该备案的档案",
            "the archive has no record of this number".to_owned(),
            "check the number; if the ministry has it, the reviewer compares by hand",
        )),
    }
}

/// A service that the filing names by its number, held against the record.
fn service(filing: &Filing, index: usize, account: &str, record: &OnRecord) -> Option<Finding> {
    let row = filing.order_type.description();
    let declared = filing.services.get(index)?;
    let number = declared.number.as_deref()?;
    let at = format!("services[{index}].number");
    let told = |severity, zh: &str, en: &str, remedy: &str| {
        Some(finding(("S07", severity, at.as_str()), zh, en.to_owned(), remedy))
    };
    let found = record.named.get(index).and_then(Option::as_ref);
    if row.services == Part::Moved {
        return migrated(declared, index, found.filter(|found| found.account.as_deref() == Some(account)));
    }
    let Some(found) = found else {
        if row.services == Part::OnRecordElsewhere {
            return None;
        }
        return told(
            Severity::Review,
            "本接入商没有该服务的档案",
            "the archive has no record of this service",
            "check the number; if the ministry has it, the reviewer compares by hand",
        );
    };
    let is_organisers = match &record.by_number {
        Some(known) => known.organiser.id == found.organiser_id,
        None => {
            filing.organiser.number.as_deref().is_some_and(|number| is_same_number(number, &found.organiser_number))
        }
    };
    if !is_organisers {
        return told(
            Severity::Block,
            "该服务已不在该主体名下",
            "the service is on record under another organiser",
            "give the organiser's number that the service is under now",
        );
    }
    if !found.is_filed() {
        return told(
            Severity::Block,
            "该服务的备案已注销",
            "the service was taken off the record",
            "check the number; what was deregistered is filed anew",
        );
    }
    // Of another account's record the organiser's finding says enough.
    let is_own = found.account.as_deref() == Some(account);
    let is_about_access = matches!(row.access, Part::Changed | Part::Leaves);
    if is_about_access && is_own && !found.is_connected {
        return told(
            Severity::Block,
            "该服务未在本接入商接入",
            "the service is not connected here",
            &format!("order 继续接入 to connect {number} here; there is no access to change or to cancel"),
        );
    }
    None
}

/// A service that goes to another organiser: `found` is its record, where the account that orders holds it. Nobody
/// takes the service of another account, and none changes on the way.
fn migrated(declared: &InternetService, index: usize, found: Option<&ServiceFound>) -> Option<Finding> {
    let Some(found) = found.filter(|found| found.is_filed()) else {
        return Some(finding(
            ("S07", Severity::Block, &format!("services[{index}].number")),
            "本账号下没有该服务的备案",
            "this account holds no record of the service".to_owned(),
            "have the record of the organiser that gives it transferred to this account (转移备案), or claim it (认领备案)",
        ));
    };
    let a_label = |(_, domain): (String, &str)| DomainName::parse(domain).ok().map(|name| name.ascii().to_owned());
    let declared: BTreeSet<String> = declared.all_domains().filter_map(a_label).collect();
    let recorded: BTreeSet<String> = found.domains.iter().cloned().collect();
    (declared != recorded).then(|| {
        finding(
            ("S07", Severity::Block, &format!("services[{index}].domains")),
            "迁移的服务域名须与备案记录一致",
            "the domains are not those on record".to_owned(),
            "declare the domains on record; change them before or after the migration",
        )
    })
}

fn domains(filing: &Filing, record: &OnRecord, in_flight: &InFlight) -> Vec<Finding> {
    if !filing.order_type.description().services.brings_data() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, service) in filing.services.iter().enumerate() {
        for (field, domain) in service.all_domains() {
            let Ok(name) = DomainName::parse(domain) else { continue };
            let is_other = |known: &&ServiceFound| {
                let own = service.number.as_deref().is_some_and(|number| is_same_number(number, &known.number));
                known.domains.iter().any(|domain| domain == name.ascii()) && !own && !may_share(service, known, record)
            };
            let at = format!("services[{index}].{field}");
            if let Some(known) = record.by_domain.iter().find(is_other) {
                findings.push(finding(
                    ("D06", Severity::Block, &at),
                    "域名已备案（域名冲突）",
                    format!("the domain is on record as {}", known.number),
                    "cancel or change that filing first, or name another domain",
                ));
            } else if in_flight.domains.iter().any(|domain| domain == name.ascii()) {
                findings.push(finding(
                    ("D06", Severity::Block, &at),
                    "该域名在其他主办者进行中的备案订单里（域名冲突）",
                    "the domain is in another organiser's order that is in flight".to_owned(),
                    "have that order withdrawn, or wait until it has ended; if the domain is yours and the order is not, \
                     ask the provider to clear it up; or name another domain",
                ));
            }
        }
    }
    findings
}

/// An APP may use the domain of another service of its organiser.
fn may_share(service: &InternetService, known: &ServiceFound, record: &OnRecord) -> bool {
    let has_app = service.kind == ServiceKind::App || known.kind == kind_text(ServiceKind::App);
    has_app && record.organiser().is_some_and(|own| own.organiser.id == known.organiser_id)
}

fn finding((code, severity, field): (&str, Severity, &str), zh: &str, en: String, remedy: &str) -> Finding {
    Finding {
        code: code.to_owned(),
        stage: Stage::Rules,
        severity,
        field: field.to_owned(),
        message_zh: zh.to_owned(),
        message_en: en,
        remedy: remedy.to_owned(),
        source: Some(super::sources::ORDER_TYPES.into()),
    }
}
