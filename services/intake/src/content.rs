//! The declared content of an order: limits, and its forms for the other services.

use std::net::Ipv4Addr;

use icp_domain::{AppPlatform, Certificate, Filing, InternetService, OrderType, Organiser, Person, ServiceKind};
use icp_proto::{authority, common, identity, relay, sms};

use crate::api::problem::FieldError;

const MAX_SERVICES: usize = 64;
const MAX_DOMAINS: usize = 100;

/// Checks lengths, counts and forms that do not depend on any province; tells everything that is wrong at once.
pub fn validate(filing: &Filing) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if filing.order_type != OrderType::FirstFiling {
        let what = format!("{} is not carried yet", filing.order_type.as_str());
        errors.push(FieldError::new("order_type", what, "give first_filing"));
    }
    let organiser = &filing.organiser;
    text(&mut errors, "organiser.name", &organiser.name, 255);
    certificate(&mut errors, "organiser.certificate", &organiser.certificate);
    text(&mut errors, "organiser.address.detail", &organiser.address.detail, 1024);
    person(&mut errors, "organiser.principal", &organiser.principal);
    if let Some(remark) = &organiser.remark {
        at_most(&mut errors, "organiser.remark", remark, 1024);
    }
    if let Some(investor) = &organiser.investor {
        at_most(&mut errors, "organiser.investor", investor, 255);
    }
    if filing.services.is_empty() || filing.services.len() > MAX_SERVICES {
        errors.push(FieldError::new(
            "services",
            format!("holds {} services", filing.services.len()),
            format!("declare 1 to {MAX_SERVICES} services"),
        ));
    }
    for (index, service) in filing.services.iter().enumerate() {
        validate_service(&mut errors, &format!("services[{index}]"), service);
    }
    errors
}

fn validate_service(errors: &mut Vec<FieldError>, path: &str, service: &InternetService) {
    text(errors, &format!("{path}.name"), &service.name, 512);
    person(errors, &format!("{path}.principal"), &service.principal);
    if service.kind == ServiceKind::Website && service.domains.is_empty() || service.domains.len() > MAX_DOMAINS {
        errors.push(FieldError::new(
            format!("{path}.domains"),
            format!("holds {} domains", service.domains.len()),
            "give the one domain of the website",
        ));
    }
    for (index, domain) in service.domains.iter().enumerate() {
        if let Err(error) = icp_domain::names::DomainName::parse(domain) {
            errors.push(FieldError::new(
                format!("{path}.domains[{index}]"),
                error.to_string(),
                "give a domain name such as example.cn, without scheme or path",
            ));
        }
    }
    if let Some(remark) = &service.remark {
        at_most(errors, &format!("{path}.remark"), remark, 1024);
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
    let counts: [(&str, usize); 5] = [
        ("access.addresses", service.access.addresses.len()),
        ("access.methods", service.access.methods.len()),
        ("access.server_places", service.access.server_places.len()),
        ("contents", service.contents.len()),
        ("languages", service.languages.len()),
    ];
    for (name, count) in counts {
        if count == 0 || count > 64 {
            errors.push(FieldError::new(
                format!("{path}.{name}"),
                format!("holds {count} values"),
                "give 1 to 64 values",
            ));
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
}

fn text(errors: &mut Vec<FieldError>, path: &str, value: &str, max: usize) {
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

/// `192.0.2.1` or `192.0.2.1-192.0.2.4`, first not after last.
pub fn ip_range(text: &str) -> Option<relay::IpRange> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let first = u32::from(first.trim().parse::<Ipv4Addr>().ok()?);
    let last = u32::from(last.trim().parse::<Ipv4Addr>().ok()?);
    (first <= last).then_some(relay::IpRange { first, last })
}

/// Domains of all services in A-label form, each once.
pub fn domains(filing: &Filing) -> Vec<String> {
    let mut all: Vec<String> = filing.services.iter().flat_map(a_labels).collect();
    all.sort();
    all.dedup();
    all
}

fn a_labels(service: &InternetService) -> Vec<String> {
    service
        .domains
        .iter()
        .filter_map(|domain| icp_domain::names::DomainName::parse(domain).ok())
        .map(|domain| domain.ascii().to_owned())
        .collect()
}

/// Whom to tell about the order.
pub fn contact(filing: &Filing) -> common::Contact {
    contact_of(&filing.organiser.principal)
}

/// Who must confirm the ministry's SMS (filing-rules §2.2, first filing: P1 and every P2).
pub fn sms_persons(filing: &Filing) -> sms::SmsPersons {
    let principals = filing.services.iter().map(|service| &service.principal);
    sms::SmsPersons {
        persons: std::iter::once(&filing.organiser.principal).chain(principals).map(contact_of).collect(),
    }
}

/// What identity verification must read.
pub fn identity_subject(filing: &Filing, materials: Vec<common::Material>) -> identity::IdentitySubject {
    identity::IdentitySubject {
        organiser_name: filing.organiser.name.clone(),
        organiser_nature: filing.organiser.nature.into(),
        organiser_certificate: Some(certificate_of(&filing.organiser.certificate)),
        organiser_principal: Some(person_of(&filing.organiser.principal)),
        service_principals: filing.services.iter().map(|service| person_of(&service.principal)).collect(),
        materials,
    }
}

/// What the registers are asked about.
pub fn lookup_subject(filing: &Filing) -> authority::LookupSubject {
    authority::LookupSubject {
        organiser_name: filing.organiser.name.clone(),
        organiser_nature: filing.organiser.nature.into(),
        organiser_certificate: Some(certificate_of(&filing.organiser.certificate)),
        organiser_principal: Some(person_of(&filing.organiser.principal)),
        service_principals: filing.services.iter().map(|service| person_of(&service.principal)).collect(),
        service_domains: filing
            .services
            .iter()
            .map(|service| authority::ServiceDomains { domains: a_labels(service) })
            .collect(),
    }
}

/// What the relay reports to the bureau.
pub fn relay_filing(filing: &Filing, materials: Vec<common::Material>) -> relay::RelayFiling {
    relay::RelayFiling {
        organiser: Some(relay_organiser(&filing.organiser)),
        services: filing.services.iter().map(relay_service).collect(),
        materials,
        operation: filing
            .order_type
            .description()
            .bureau
            .map(|operation| operation.as_str().to_owned())
            .unwrap_or_default(),
        cancellation: filing.cancellation.as_ref().map(|cancellation| relay::Cancellation {
            reason: cancellation.reason.into(),
            note: cancellation.note.clone().unwrap_or_default(),
        }),
    }
}

fn relay_organiser(organiser: &Organiser) -> relay::RelayOrganiser {
    relay::RelayOrganiser {
        number: organiser.number.clone().unwrap_or_default(),
        name: organiser.name.clone(),
        nature: organiser.nature.into(),
        certificate: Some(certificate_of(&organiser.certificate)),
        investor: organiser.investor.clone().unwrap_or_default(),
        province_code: organiser.address.province_code,
        city_code: organiser.address.city_code,
        county_code: organiser.address.county_code.unwrap_or_default(),
        address_detail: organiser.address.detail.clone(),
        principal: Some(person_of(&organiser.principal)),
        remark: organiser.remark.clone().unwrap_or_default(),
    }
}

fn relay_service(service: &InternetService) -> relay::RelayService {
    let kind = match service.kind {
        ServiceKind::Website => "website",
        ServiceKind::App => "app",
        ServiceKind::MiniProgram => "mini_program",
        ServiceKind::QuickApp => "quick_app",
    };
    let wide = |values: &[u16]| values.iter().copied().map(u32::from).collect();
    relay::RelayService {
        number: service.number.clone().unwrap_or_default(),
        app_platforms: service.app_platforms.iter().map(app_platform).collect(),
        mini_program_platforms: service.mini_program_platforms.clone(),
        kind: kind.to_owned(),
        name: service.name.clone(),
        domains: a_labels(service),
        home_url: service.home_url.clone().unwrap_or_default(),
        contents: wide(&service.contents),
        languages: wide(&service.languages),
        pre_approvals: service
            .pre_approvals
            .iter()
            .map(|p| relay::PreApproval { category: p.category.into(), number: p.number.clone() })
            .collect(),
        principal: Some(person_of(&service.principal)),
        access_methods: wide(&service.access.methods),
        server_places: wide(&service.access.server_places),
        addresses: service.access.addresses.iter().filter_map(|address| ip_range(address)).collect(),
        remark: service.remark.clone().unwrap_or_default(),
    }
}

fn app_platform(app: &AppPlatform) -> relay::AppPlatform {
    relay::AppPlatform {
        platform: app.platform.as_str().to_owned(),
        package: app.package.clone(),
        public_key: app.public_key.clone(),
        certificate_fingerprint: app.certificate_fingerprint.clone(),
        domains: app.domains.clone(),
        sdk_providers: app.sdk_providers.clone(),
    }
}

fn contact_of(person: &Person) -> common::Contact {
    common::Contact { name: person.name.clone(), mobile: person.mobile.clone(), email: person.email.clone() }
}

fn person_of(person: &Person) -> common::Person {
    common::Person {
        name: person.name.clone(),
        id: Some(certificate_of(&person.id)),
        mobile: person.mobile.clone(),
        emergency_phone: person.emergency_phone.clone().unwrap_or_default(),
        office_phone: person.office_phone.clone().unwrap_or_default(),
        email: person.email.clone(),
    }
}

fn certificate_of(certificate: &Certificate) -> common::Certificate {
    common::Certificate {
        kind: certificate.kind.into(),
        number: certificate.number.clone(),
        address: certificate.address.clone().unwrap_or_default(),
        valid_to: certificate.valid_to.map(|date| date.to_string()).unwrap_or_default(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_nonsense_is_not() {
        assert_eq!(ip_range("192.0.2.1").unwrap(), relay::IpRange { first: 3_221_225_985, last: 3_221_225_985 });
        assert_eq!(ip_range("192.0.2.1-192.0.2.4").unwrap().last, 3_221_225_988);
        for bad in ["", "192.0.2", "192.0.2.4-192.0.2.1", "2001:db8::1", "192.0.2.1-"] {
            assert!(ip_range(bad).is_none(), "{bad}");
        }
    }
}
