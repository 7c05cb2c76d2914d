//! What the form of each order type holds: parts, numbers on record, lengths, counts.

use icp_domain::identifiers::FilingNumber;
use icp_domain::names::DomainName;
use icp_domain::{
    Certificate, Description, Filing, InternetService, OrderType, Organiser, Part, Person, Province, ServiceKind,
};

use super::{app, ip_range};
use crate::api::problem::FieldError;

const MAX_DOMAINS: usize = 100;
const REASON_MAX: u16 = 999;

/// Checks parts, lengths, counts and forms by order type, independent of any province; tells everything that is wrong
/// at once.
pub fn validate(filing: &Filing) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let row = filing.order_type.description();
    validate_organiser(&mut errors, filing, row);
    let count = filing.services.len();
    if count > row.max_services || count == 0 && row.max_services > 0 {
        let remedy = match row.max_services {
            0 => format!("leave the services out: {} is about the organiser alone", row.order_type.as_str()),
            1 => "declare one service; each further one needs an order of its own".to_owned(),
            max => format!("declare 1 to {max} services"),
        };
        errors.push(FieldError::new("services", format!("holds {count} services"), remedy));
    }
    for (index, service) in filing.services.iter().enumerate() {
        let path = format!("services[{index}]");
        validate_service(&mut errors, &path, service, row);
        service_number(&mut errors, &path, filing, index, row);
    }
    cancellation(&mut errors, filing, row);
    errors
}

/// Paths of what the form asks for, by order type.
pub fn fields(filing: &Filing) -> Vec<String> {
    let row = filing.order_type.description();
    let person = |path: &str| ["name", "id", "mobile", "email"].map(|field| format!("{path}.{field}"));
    let mut fields = Vec::new();
    if row.organiser.is_on_record() {
        fields.push("organiser.number".to_owned());
    }
    fields.extend(["name", "certificate", "address"].map(|field| format!("organiser.{field}")));
    fields.extend(person("organiser.principal"));
    for (index, service) in filing.services.iter().enumerate() {
        let path = format!("services[{index}]");
        let brings_data = row.services.brings_data();
        let is_program = matches!(service.kind, ServiceKind::MiniProgram | ServiceKind::QuickApp);
        let asked = [
            ("number", row.services.is_on_record()),
            ("name", true),
            ("domains", brings_data && service.kind == ServiceKind::Website),
            ("app_platforms", brings_data && service.kind == ServiceKind::App),
            ("mini_program_platforms", brings_data && is_program),
            ("contents", brings_data),
            ("languages", brings_data),
            ("access.methods", needs_access(row, service)),
            ("access.server_places", needs_access(row, service)),
            ("access.addresses", needs_access(row, service)),
        ];
        fields.extend(asked.into_iter().filter(|(_, is_asked)| *is_asked).map(|(field, _)| format!("{path}.{field}")));
        fields.extend(person(&format!("{path}.principal")));
    }
    if row.is_cancellation() {
        fields.push("cancellation".to_owned());
    }
    fields
}

/// Whether a service has access data of its own: mini-programs and quick apps live on their platform's
/// (bureau-interface §9.1).
fn has_access(service: &InternetService) -> bool {
    matches!(service.kind, ServiceKind::Website | ServiceKind::App)
}

/// Whether access data are asked for.
fn needs_access(row: &Description, service: &InternetService) -> bool {
    has_access(service) && !matches!(row.access, Part::Absent | Part::Leaves)
}

fn validate_organiser(errors: &mut Vec<FieldError>, filing: &Filing, row: &Description) {
    let Organiser { number, name, certificate: proof, investor, address, principal, remark, .. } = &filing.organiser;
    organiser_number(errors, number.as_deref(), filing.province, row);
    text(errors, "organiser.name", name, 255);
    certificate(errors, "organiser.certificate", proof);
    text(errors, "organiser.address.detail", &address.detail, 1024);
    person(errors, "organiser.principal", principal);
    if let Some(remark) = remark {
        at_most(errors, "organiser.remark", remark, 1024);
    }
    if let Some(investor) = investor {
        at_most(errors, "organiser.investor", investor, 255);
    }
}

fn organiser_number(errors: &mut Vec<FieldError>, number: Option<&str>, province: Province, row: &Description) {
    const FIELD: &str = "organiser.number";
    let Some(text) = on_record(errors, FIELD, number, row.organiser, row.order_type) else { return };
    match FilingNumber::parse(text) {
        Err(error) => errors.push(not_a_number(FIELD, &error.to_string())),
        Ok(number) if number.service().is_some() => {
            errors.push(FieldError::new(FIELD, "names a service", "leave out the part behind 号"));
        }
        // An organiser that changes may move to another province; the rules of that province decide.
        Ok(number) if number.province() != province && row.organiser != Part::Changed => {
            errors.push(FieldError::new(FIELD, "was given by another province's bureau", "correct it or `province`"));
        }
        Ok(_) => {}
    }
}

fn service_number(errors: &mut Vec<FieldError>, path: &str, filing: &Filing, index: usize, row: &Description) {
    let Some(service) = filing.services.get(index) else { return };
    let field = format!("{path}.number");
    let Some(text) = on_record(errors, &field, service.number.as_deref(), row.services, row.order_type) else { return };
    let number = match FilingNumber::parse(text) {
        Ok(number) => number,
        Err(error) => return errors.push(not_a_number(&field, &error.to_string())),
    };
    let Some(ordinal) = number.service() else {
        return errors.push(FieldError::new(field, "names no service", "add the part behind 号, e.g. -1 or -2A"));
    };
    if ordinal.kind != service.kind {
        let remedy = format!("correct it or `{path}.kind`: A is an APP, X a mini-program, K a quick app");
        errors.push(FieldError::new(field.clone(), "is the number of another kind of service", remedy));
    }
    let organiser = filing.organiser.number.as_deref().and_then(|text| FilingNumber::parse(text).ok());
    // Services that migrate come from another organiser.
    let is_own = organiser.is_none_or(|organiser| organiser.is_same(&number.organiser()));
    if !is_own && row.services != Part::Moved {
        let remedy = "give the number that begins with `organiser.number`";
        errors.push(FieldError::new(field.clone(), "belongs to another organiser", remedy));
    }
    let is_repeated = filing.services.iter().take(index).any(|earlier| {
        let earlier = earlier.number.as_deref().and_then(|text| FilingNumber::parse(text).ok());
        earlier.is_some_and(|earlier| earlier.is_same(&number))
    });
    if is_repeated {
        errors.push(FieldError::new(field, "stands here twice", "name each service once"));
    }
}

/// The number of a part that is on record; tells when it is missing, or given for a part that is new.
fn on_record<'n>(
    errors: &mut Vec<FieldError>,
    field: &str,
    number: Option<&'n str>,
    part: Part,
    order_type: OrderType,
) -> Option<&'n str> {
    if number.is_none() && part.is_on_record() {
        let remedy = "give the number on record, as the ministry prints it";
        errors.push(FieldError::new(field, format!("is needed for {}", order_type.as_str()), remedy));
    }
    if number.is_some() && !part.is_on_record() {
        let remedy = format!("leave it out: {} is for what has no number yet", order_type.as_str());
        errors.push(FieldError::new(field, "is given for what is not on record", remedy));
        return None;
    }
    number
}

fn not_a_number(field: &str, reason: &str) -> FieldError {
    FieldError::new(
        field,
        reason,
        "write it as the ministry prints it, e.g. 粤ICP备2021000001号 or 粤ICP备2021000001号-1",
    )
}

fn cancellation(errors: &mut Vec<FieldError>, filing: &Filing, row: &Description) {
    match (&filing.cancellation, row.is_cancellation()) {
        (None, true) => {
            errors.push(FieldError::new(
                "cancellation",
                "is missing",
                "say the reason (注销理由) as the bureau's code",
            ));
        }
        (Some(_), false) => {
            let reason = format!("does not belong to {}", row.order_type.as_str());
            errors.push(FieldError::new("cancellation", reason, "leave it out"));
        }
        (Some(cancellation), true) => {
            if !(1..=REASON_MAX).contains(&cancellation.reason) {
                let remedy = format!("give 1 to {REASON_MAX}");
                errors.push(FieldError::new("cancellation.reason", "is no code of the bureau's table", remedy));
            }
            if let Some(note) = &cancellation.note {
                at_most(errors, "cancellation.note", note, 1000);
            }
        }
        (None, false) => {}
    }
}

fn validate_service(errors: &mut Vec<FieldError>, path: &str, service: &InternetService, row: &Description) {
    text(errors, &format!("{path}.name"), &service.name, 512);
    person(errors, &format!("{path}.principal"), &service.principal);
    let brings_data = row.services.brings_data();
    let least = usize::from(brings_data && service.kind == ServiceKind::Website);
    if service.domains.len() < least || service.domains.len() > MAX_DOMAINS {
        let reason = format!("holds {} domains", service.domains.len());
        errors.push(FieldError::new(format!("{path}.domains"), reason, "give the one domain of the website"));
    }
    for (index, domain) in service.domains.iter().enumerate() {
        if let Err(error) = DomainName::parse(domain) {
            let remedy = "give a domain name such as example.cn, without scheme or path";
            errors.push(FieldError::new(format!("{path}.domains[{index}]"), error.to_string(), remedy));
        }
    }
    app::validate(errors, path, service, brings_data);
    if let Some(remark) = &service.remark {
        at_most(errors, &format!("{path}.remark"), remark, 1024);
    }
    if let Some(home_url) = &service.home_url {
        at_most(errors, &format!("{path}.home_url"), home_url, 255);
    }
    for (index, address) in service.access.addresses.iter().enumerate() {
        if ip_range(address).is_none() {
            errors.push(FieldError::new(
                format!("{path}.access.addresses[{index}]"),
                "is not an IPv4 address or range",
                "write 192.0.2.1 or 192.0.2.1-192.0.2.4",
            ));
        }
    }
    if matches!(row.access, Part::Changed | Part::Leaves) && !has_access(service) {
        errors.push(FieldError::new(
            format!("{path}.kind"),
            format!("is a kind without access of its own, which {} is about", row.order_type.as_str()),
            "leave the order: a mini-program or quick app lives on its platform's access; what is given up is deregistered",
        ));
    }
    let needs_access = needs_access(row, service);
    let counts: [(&str, usize, bool); 5] = [
        ("access.addresses", service.access.addresses.len(), needs_access),
        ("access.methods", service.access.methods.len(), needs_access),
        ("access.server_places", service.access.server_places.len(), needs_access),
        ("contents", service.contents.len(), brings_data),
        ("languages", service.languages.len(), brings_data),
    ];
    for (name, count, is_needed) in counts {
        if count == 0 && is_needed || count > 64 {
            let reason = format!("holds {count} values");
            errors.push(FieldError::new(format!("{path}.{name}"), reason, "give 1 to 64 values"));
        }
    }
}

fn person(errors: &mut Vec<FieldError>, path: &str, person: &Person) {
    text(errors, &format!("{path}.name"), &person.name, 128);
    certificate(errors, &format!("{path}.id"), &person.id);
    text(errors, &format!("{path}.mobile"), &person.mobile, 32);
    text(errors, &format!("{path}.email"), &person.email, 128);
    if !person.email.contains('@') {
        errors.push(FieldError::new(format!("{path}.email"), "is not an e-mail address", "write name@example.cn"));
    }
}

fn certificate(errors: &mut Vec<FieldError>, path: &str, certificate: &Certificate) {
    text(errors, &format!("{path}.number"), &certificate.number, 255);
    if let Some(address) = &certificate.address {
        at_most(errors, &format!("{path}.address"), address, 1024);
    }
    if let (Some(from), Some(to)) = (certificate.valid_from, certificate.valid_to)
        && from > to
    {
        let remedy = "give the first day of validity as the document shows it";
        errors.push(FieldError::new(format!("{path}.valid_from"), "is after the last day of validity", remedy));
    }
}

pub(super) fn text(errors: &mut Vec<FieldError>, path: &str, value: &str, max: usize) {
    if value.trim().is_empty() {
        errors.push(FieldError::new(path, "is empty", format!("give 1 to {max} characters")));
    }
    at_most(errors, path, value, max);
}

fn at_most(errors: &mut Vec<FieldError>, path: &str, value: &str, max: usize) {
    let length = value.chars().count();
    if length > max {
        errors.push(FieldError::new(
            path,
            format!("has {length} characters"),
            format!("shorten it to {max} characters"),
        ));
    }
    if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t' && c != '\r') {
        errors.push(FieldError::new(path, "holds control characters", "remove them"));
    }
}
