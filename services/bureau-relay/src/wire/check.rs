//! The ranges of the schema, checked before a record may be sent.

use icp_domain::{BureauOperation, ServiceKind};

use super::block::Block;
use super::dialect::{Dialect, Interface};
use super::parts::{certificate_address, office_phone_v3, platform_code};
use super::xml::is_xml_char;
use crate::filing::{
    AttachmentOwner, NATURE_PERSON, RelayCertificate, RelayFiling, RelayOrganiser, RelayPerson, RelayService,
};

/// 核验单 (attachment purpose 1).
pub const PURPOSE_SLIP: u32 = 1;
/// Largest slip: 150 KB.
pub const MAX_SLIP_BYTES: usize = 150 * 1024;
/// Largest picture of any other purpose: 100 KB.
pub const MAX_PICTURE_BYTES: usize = 100 * 1024;
/// Most services of one filing.
const MAX_SERVICES: usize = 64;

/// A value that the bureau's schema would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Violation {
    /// Path of the value, e.g. `services[0].principal.mobile`.
    pub field: String,
    /// What is wrong, without the value itself.
    pub problem: String,
}

/// What of a filing the record of an operation carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Carried {
    organiser: bool,
    services: bool,
    access: bool,
}

impl Carried {
    fn by(operation: BureauOperation, interface: Interface) -> Self {
        use BureauOperation as O;
        let (organiser, services, access) = match operation {
            O::AddFiling | O::ChangeFiling => (true, true, true),
            // V3.0 has one block for all changes, and it carries everything.
            O::ChangeOrganiser | O::ChangeService | O::ChangeAccess if interface == Interface::V3_0 => {
                (true, true, true)
            }
            O::AddService | O::MigrateService => (false, true, true),
            O::AddAccess | O::ChangeAccess => (false, false, true),
            O::ChangeOrganiser => (true, false, false),
            O::ChangeService => (false, true, false),
            O::DeregisterOrganiser | O::DeregisterService | O::CancelAccess => (false, false, false),
        };
        Self { organiser, services, access }
    }
}

/// Everything that the schema of the version would refuse; empty when the record may be sent.
pub fn validate(dialect: &Dialect, filing: &RelayFiling) -> Vec<Violation> {
    use BureauOperation as O;
    let interface = dialect.interface;
    let mut check = Check { interface, violations: Vec::new() };
    if Block::of(filing.operation, interface).is_none() {
        check.add("operation", format!("`{}` is not carried by interface V3.0", filing.operation.as_str()));
        return check.violations;
    }
    let carried = Carried::by(filing.operation, interface);
    let names_organiser = filing.operation != O::AddFiling;
    if names_organiser && !(filing.operation == O::AddAccess && interface == Interface::V3_0) {
        check.number("organiser.number", filing.organiser.number.as_deref());
    }
    if carried.organiser {
        check_organiser(&mut check, &filing.organiser);
    }
    check_service_count(&mut check, filing);
    let is_person = filing.organiser.nature == NATURE_PERSON;
    for (index, service) in filing.services.iter().enumerate() {
        let field = format!("services[{index}]");
        if !matches!(filing.operation, O::AddFiling | O::AddService) {
            check.number(&format!("{field}.number"), service.number.as_deref());
        }
        if carried.services {
            check_service(&mut check, &field, service, is_person);
        }
        if carried.access && service.has_access() {
            check_access(&mut check, &field, service);
        }
        check_platforms(&mut check, dialect, &field, service, carried);
    }
    check_cancellation(&mut check, filing);
    check_attachments(&mut check, filing);
    check.violations
}

fn check_service_count(check: &mut Check, filing: &RelayFiling) {
    use BureauOperation as O;
    let count = filing.services.len();
    match filing.operation {
        O::DeregisterOrganiser => check.count("services", count, 0, MAX_SERVICES),
        O::ChangeOrganiser if check.interface == Interface::V5_0 => check.count("services", count, 0, MAX_SERVICES),
        O::ChangeOrganiser if count == 0 => check.add(
            "services",
            "is empty; interface V3.0 carries a change of the organiser only together with the services on record: \
             name them with all their data"
                .into(),
        ),
        _ => check.count("services", count, 1, MAX_SERVICES),
    }
}

fn check_cancellation(check: &mut Check, filing: &RelayFiling) {
    use BureauOperation as O;
    if !matches!(filing.operation, O::DeregisterOrganiser | O::DeregisterService | O::CancelAccess) {
        return;
    }
    match &filing.cancellation {
        None => check.add("cancellation", "is missing; name the reason".into()),
        Some(cancellation) => {
            check.code("cancellation.reason", cancellation.reason, 1, 999);
            check.optional_text("cancellation.note", cancellation.note.as_deref(), 1, 1000);
        }
    }
}

fn check_attachments(check: &mut Check, filing: &RelayFiling) {
    for (index, attachment) in filing.attachments.iter().enumerate() {
        let field = format!("attachments[{index}]");
        check.code(&format!("{field}.purpose"), attachment.purpose, 1, 999);
        let limit = if attachment.purpose == PURPOSE_SLIP { MAX_SLIP_BYTES } else { MAX_PICTURE_BYTES };
        if attachment.jpeg.is_empty() {
            check.add(&field, "is empty".into());
        } else if attachment.jpeg.len() > limit {
            check.add(&field, format!("has {} bytes, more than {limit}", attachment.jpeg.len()));
        }
        if let AttachmentOwner::Service(service) = attachment.owner
            && service >= filing.services.len()
        {
            check.add(&field, format!("belongs to service {service}, which does not exist"));
        }
    }
}

/// The platforms of APPs and mini-programs, which only V5.0 carries.
fn check_platforms(check: &mut Check, dialect: &Dialect, field: &str, service: &RelayService, carried: Carried) {
    if !carried.services && !carried.access {
        return;
    }
    let is_mini = matches!(service.kind, ServiceKind::MiniProgram | ServiceKind::QuickApp);
    let platforms = service.mini_program_platforms.len();
    if is_mini && !carried.services {
        check.count(&format!("{field}.mini_program_platforms"), platforms, 1, 64);
    }
    if service.kind == ServiceKind::App && carried.services {
        check.count(&format!("{field}.app_platforms"), service.apps.len(), 1, 64);
    }
    for (index, app) in service.apps.iter().enumerate() {
        let field = format!("{field}.app_platforms[{index}]");
        if platform_code(dialect, &app.platform).is_none() {
            check.add(&format!("{field}.platform"), "is not one of android, ios and harmony_os".into());
        }
        check.text(&format!("{field}.package"), &app.package, 1, 255);
        check.text(&format!("{field}.public_key"), &app.public_key, 1, 4096);
        check.text(&format!("{field}.certificate_fingerprint"), &app.fingerprint, 1, 128);
        for domain in &app.domains {
            check.text(&format!("{field}.domains"), domain, 4, 128);
        }
        for provider in &app.sdk_providers {
            check.text(&format!("{field}.sdk_providers"), provider, 1, 255);
        }
    }
}

fn check_organiser(check: &mut Check, organiser: &RelayOrganiser) {
    check.text("organiser.name", &organiser.name, 1, 255);
    check.code("organiser.nature", organiser.nature, 1, 999);
    check.optional_text("organiser.investor", organiser.investor.as_deref(), 1, 255);
    for (field, code) in [
        ("organiser.address.province_code", Some(organiser.province_code)),
        ("organiser.address.city_code", Some(organiser.city_code)),
        ("organiser.address.county_code", organiser.county_code),
    ] {
        if let Some(code) = code {
            check.code(field, code, 100_000, 999_999);
        }
    }
    check.text("organiser.address.detail", &organiser.address_detail, 1, 1024);
    check_certificate(check, "organiser.certificate", &organiser.certificate);
    check.text("organiser.certificate.address", certificate_address(organiser), 1, 1024);
    let is_person = organiser.nature == NATURE_PERSON;
    check_person(check, "organiser.principal", &organiser.principal, is_person);
    check.optional_text("organiser.remark", organiser.remark.as_deref(), 1, 1024);
}

fn check_certificate(check: &mut Check, field: &str, certificate: &RelayCertificate) {
    check.code(&format!("{field}.kind"), certificate.kind, 1, 999);
    check.text(&format!("{field}.number"), &certificate.number, 1, 255);
}

fn check_person(check: &mut Check, field: &str, person: &RelayPerson, organiser_is_person: bool) {
    check.text(&format!("{field}.name"), &person.name, 1, 128);
    check_certificate(check, &format!("{field}.id"), &person.id);
    check.phone(&format!("{field}.mobile"), &person.mobile);
    check.text(&format!("{field}.email"), &person.email, 6, 128);
    if check.interface == Interface::V5_0 {
        for (name, phone) in [("office_phone", &person.office_phone), ("emergency_phone", &person.emergency_phone)] {
            if let Some(phone) = phone {
                check.phone(&format!("{field}.{name}"), phone);
            }
        }
        return;
    }
    match office_phone_v3(person) {
        Some(phone) => check.phone(&format!("{field}.office_phone"), phone),
        None if organiser_is_person => {}
        None => check.add(
            &format!("{field}.office_phone"),
            "is needed unless the organiser is a person (result 1010/1031)".into(),
        ),
    }
}

fn check_service(check: &mut Check, field: &str, service: &RelayService, organiser_is_person: bool) {
    check.text(&format!("{field}.name"), &service.name, 1, 512);
    check.codes(&format!("{field}.contents"), &service.contents, 64);
    check.codes(&format!("{field}.languages"), &service.languages, 256);
    // Only a website has its domains here; an APP names its own by platform.
    let fewest_domains = usize::from(service.kind == ServiceKind::Website);
    check.count(&format!("{field}.domains"), service.domains.len(), fewest_domains, 1000);
    for (index, domain) in service.domains.iter().enumerate() {
        check.text(&format!("{field}.domains[{index}]"), domain, 4, 128);
    }
    check.count(&format!("{field}.pre_approvals"), service.pre_approvals.len(), 0, 64);
    for (index, (category, number)) in service.pre_approvals.iter().enumerate() {
        check.code(&format!("{field}.pre_approvals[{index}].category"), *category, 1, 64);
        check.text(&format!("{field}.pre_approvals[{index}].number"), number, 1, 512);
    }
    check_person(check, &format!("{field}.principal"), &service.principal, organiser_is_person);
    check.optional_text(&format!("{field}.home_url"), service.home_url.as_deref(), 4, 255);
    if let Some(url) = &service.home_url
        && !service.domains.iter().any(|domain| url.contains(domain.as_str()))
    {
        check.add(&format!("{field}.home_url"), "has to contain one of the service's domains (result 1041)".into());
    }
    check.optional_text(&format!("{field}.remark"), service.remark.as_deref(), 1, 1024);
}

fn check_access(check: &mut Check, field: &str, service: &RelayService) {
    check.codes(&format!("{field}.access.methods"), &service.access_methods, 64);
    check.codes(&format!("{field}.access.server_places"), &service.server_places, 64);
    check.count(&format!("{field}.access.addresses"), service.addresses.len(), 1, 1000);
    for (index, (first, last)) in service.addresses.iter().enumerate() {
        if first > last {
            check.add(&format!("{field}.access.addresses[{index}]"), "the first address is above the last".into());
        }
    }
}

struct Check {
    interface: Interface,
    violations: Vec<Violation>,
}

impl Check {
    fn add(&mut self, field: &str, problem: String) {
        self.violations.push(Violation { field: field.to_owned(), problem });
    }

    /// Lengths of the schema are counted in characters.
    fn text(&mut self, field: &str, value: &str, min: usize, max: usize) {
        if let Some(bad) = value.chars().find(|character| !is_xml_char(*character)) {
            self.add(field, format!("has the character U+{:04X}, which XML does not allow", u32::from(bad)));
            return;
        }
        let length = value.chars().count();
        if value.trim().is_empty() && min > 0 {
            self.add(field, "is empty".into());
        } else if length < min || length > max {
            self.add(field, format!("has {length} characters; {min} to {max} are allowed"));
        }
    }

    fn optional_text(&mut self, field: &str, value: Option<&str>, min: usize, max: usize) {
        if let Some(value) = value {
            self.text(field, value, min, max);
        }
    }

    /// A filing number; its form is the bureau's affair.
    fn number(&mut self, field: &str, number: Option<&str>) {
        match number {
            None => self.add(field, "is missing; the operation is about a record that has a filing number".into()),
            Some(number) => self.text(field, number, 1, 128),
        }
    }

    /// Several numbers may stand side by side, divided by `;`.
    fn phone(&mut self, field: &str, value: &str) {
        self.text(field, value, 11, 128);
        if !value.chars().all(|c| c.is_ascii_digit() || c == '-' || c == ';') {
            self.add(field, "may have only digits, `-` and `;`".into());
        }
    }

    fn code(&mut self, field: &str, value: u32, min: u32, max: u32) {
        if value < min || value > max {
            self.add(field, format!("is {value}; {min} to {max} is allowed"));
        }
    }

    fn count(&mut self, field: &str, count: usize, min: usize, max: usize) {
        if count < min || count > max {
            self.add(field, format!("has {count} entries; {min} to {max} are allowed"));
        }
    }

    /// V3.0 limits the codes of its tables; the tables of V5.0 are larger and not public.
    fn code_max(&self) -> u32 {
        if self.interface == Interface::V3_0 { 64 } else { 99_999 }
    }

    fn codes(&mut self, field: &str, codes: &[u32], max_count: usize) {
        self.count(field, codes.len(), 1, max_count);
        for (index, code) in codes.iter().enumerate() {
            self.code(&format!("{field}[{index}]"), *code, 1, self.code_max());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::filing::{RelayApp, RelayCancellation, specimen};
    use crate::wire::dialect;

    fn v3() -> Dialect {
        dialect::specimen(Interface::V3_0)
    }

    fn fields(dialect: &Dialect, filing: &RelayFiling) -> Vec<String> {
        validate(dialect, filing).into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn each_range_is_checked_before_sending() {
        type Spoil = fn(&mut RelayFiling);
        let cases: [(&str, Spoil); 24] = [
            ("organiser.name", |f| f.organiser.name = "名".repeat(256)),
            ("organiser.name", |f| f.organiser.name = " ".into()),
            ("organiser.name", |f| f.organiser.name = "a\u{1}".into()),
            ("organiser.nature", |f| f.organiser.nature = 0),
            ("organiser.address.city_code", |f| f.organiser.city_code = 3301),
            ("organiser.address.detail", |f| f.organiser.address_detail = String::new()),
            ("organiser.certificate.kind", |f| f.organiser.certificate.kind = 1000),
            ("organiser.certificate.number", |f| f.organiser.certificate.number = String::new()),
            ("organiser.principal.mobile", |f| f.organiser.principal.mobile = "1300".into()),
            ("organiser.principal.mobile", |f| f.organiser.principal.mobile = "+8613000000000".into()),
            ("organiser.principal.email", |f| f.organiser.principal.email = "a@b.c".into()),
            ("organiser.principal.office_phone", |f| f.organiser.principal.office_phone = None),
            ("organiser.remark", |f| f.organiser.remark = Some("x".repeat(1025))),
            ("services", |f| f.services.clear()),
            ("services[0].name", |f| f.services[0].name = "x".repeat(513)),
            ("services[0].contents", |f| f.services[0].contents.clear()),
            ("services[0].contents[0]", |f| f.services[0].contents = vec![65]),
            ("services[0].domains[0]", |f| f.services[0].domains = vec!["a.b".into()]),
            ("services[0].home_url", |f| f.services[0].home_url = Some("www.other.cn".into())),
            ("services[0].access.addresses[0]", |f| f.services[0].addresses = vec![(2, 1)]),
            ("services[0].pre_approvals[0].number", |f| {
                f.services[0].pre_approvals = vec![(1, String::new())];
            }),
            ("attachments[0]", |f| f.attachments[0].jpeg = vec![0; MAX_SLIP_BYTES + 1]),
            ("attachments[0]", |f| f.attachments[0].jpeg.clear()),
            ("attachments[0]", |f| f.attachments[0].owner = AttachmentOwner::Service(1)),
        ];
        assert_eq!(validate(&v3(), &specimen()), []);
        for (field, spoil) in cases {
            let mut filing = specimen();
            spoil(&mut filing);
            let fields: Vec<String> = validate(&v3(), &filing).into_iter().map(|v| v.field).collect();
            assert!(fields.iter().any(|found| found == field), "{field} not in {fields:?}");
        }
    }

    #[test]
    fn a_problem_never_quotes_the_value() {
        let mut filing = specimen();
        filing.organiser.principal.mobile = "MARKED-VALUE".into();
        filing.organiser.principal.name = "MARKED-VALUE\u{0}".into();
        for violation in validate(&v3(), &filing) {
            assert!(!violation.to_string().contains("MARKED"), "{violation}");
        }
    }

    #[test]
    fn each_operation_needs_what_its_record_names() {
        use BureauOperation as O;
        let v5 = dialect::specimen(Interface::V5_0);
        let with = |operation| RelayFiling { operation, ..specimen() };
        let table: [(O, &Dialect, &[&str]); 9] = [
            (O::AddService, &v3(), &["organiser.number"]),
            (O::AddAccess, &v3(), &["services[0].number"]),
            (O::AddAccess, &v5, &["organiser.number", "services[0].number"]),
            (O::ChangeOrganiser, &v3(), &["organiser.number", "services[0].number"]),
            (O::ChangeAccess, &v5, &["organiser.number", "services[0].number"]),
            (O::DeregisterOrganiser, &v3(), &["organiser.number", "services[0].number", "cancellation"]),
            (O::CancelAccess, &v3(), &["organiser.number", "services[0].number", "cancellation"]),
            (O::MigrateService, &v3(), &["operation"]),
            (O::MigrateService, &v5, &["organiser.number", "services[0].number"]),
        ];
        for (operation, dialect, expected) in table {
            assert_eq!(fields(dialect, &with(operation)), expected, "{operation:?} {:?}", dialect.interface);
        }
        let mut filing = with(O::ChangeOrganiser);
        filing.organiser.number = Some("浙ICP备00000001号".into());
        filing.services.clear();
        filing.attachments.clear();
        assert_eq!(validate(&v5, &filing), []);
        let found = validate(&v3(), &filing);
        assert!(found[0].problem.contains("together with the services"), "{found:?}");
        filing.operation = O::DeregisterOrganiser;
        filing.cancellation = Some(RelayCancellation { reason: 0, note: Some("x".repeat(1001)) });
        assert_eq!(fields(&v3(), &filing), ["cancellation.reason", "cancellation.note"]);
    }

    #[test]
    fn an_app_is_known_by_its_platforms() {
        let v5 = dialect::specimen(Interface::V5_0);
        let mut filing = specimen();
        filing.services[0].kind = ServiceKind::App;
        filing.services[0].domains.clear();
        filing.services[0].home_url = None;
        assert_eq!(fields(&v5, &filing), ["services[0].app_platforms"]);
        let app = RelayApp {
            platform: "symbian".into(),
            package: "cn.example".into(),
            public_key: "00AF".into(),
            fingerprint: String::new(),
            domains: vec!["a.b".into()],
            sdk_providers: vec![],
        };
        filing.services[0].apps.push(app);
        assert_eq!(
            fields(&v5, &filing),
            [
                "services[0].app_platforms[0].platform",
                "services[0].app_platforms[0].certificate_fingerprint",
                "services[0].app_platforms[0].domains"
            ]
        );
    }
}
