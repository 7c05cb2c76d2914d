//! The declared content in the forms that the other services read.

use icp_domain::{
    AppPlatform, Certificate, Filing, InternetService, MaterialKind, Organiser, Person, Persons, ServiceKind,
};
use icp_proto::{authority, common, identity, relay, sms};
use icp_rules_sdk::SmsReceiver;

use super::{a_label, ip_range};
use crate::archive::record::normal_number;

/// Whom to tell about the order.
pub fn contact(filing: &Filing) -> common::Contact {
    contact_of(&filing.organiser.principal)
}

/// Whom to tell about an organiser's record.
pub fn holder_contact(record: &Organiser) -> common::Contact {
    contact_of(&record.principal)
}

/// Who must confirm the ministry's SMS: `named` by the province's rules, else by the type of the order
/// (filing-rules §2.2). Nobody for orders that are not carried to the bureau.
pub fn sms_persons(filing: &Filing, named: Option<&[SmsReceiver]>) -> sms::SmsPersons {
    let asked = filing.order_type.description().sms;
    let persons = match named {
        _ if asked == Persons::Nobody => Vec::new(),
        Some(receivers) => receivers
            .iter()
            .filter_map(|receiver| {
                let person = person_at(filing, &receiver.field)?;
                Some(common::Contact { mobile: receiver.mobile.clone(), ..contact_of(person) })
            })
            .collect(),
        None => principals(filing, asked).map(contact_of).collect(),
    };
    sms::SmsPersons { persons }
}

fn person_at<'f>(filing: &'f Filing, path: &str) -> Option<&'f Person> {
    if path == "organiser.principal" {
        return Some(&filing.organiser.principal);
    }
    let index = path.strip_prefix("services[")?.strip_suffix("].principal")?;
    filing.services.get(index.parse::<usize>().ok()?).map(|service| &service.principal)
}

fn principals(filing: &Filing, who: Persons) -> impl Iterator<Item = &Person> {
    let organiser = who.include_organiser().then_some(&filing.organiser.principal);
    let services = filing.services.iter().filter(move |_| who.include_services()).map(|service| &service.principal);
    organiser.into_iter().chain(services)
}

/// What identity verification must read: only the persons whom the type of the order asks for.
pub fn identity_subject(filing: &Filing, materials: Vec<common::Material>) -> identity::IdentitySubject {
    let verified = filing.order_type.description().verified;
    let organiser = verified.include_organiser().then_some(&filing.organiser);
    let services = filing.services.iter().filter(|_| verified.include_services());
    let materials = materials.into_iter().filter(|material| match MaterialKind::parse(&material.kind) {
        Some(MaterialKind::OrganiserCertificate | MaterialKind::OrganiserPrincipalId) => verified.include_organiser(),
        Some(MaterialKind::ServicePrincipalId | MaterialKind::ServicePrincipalFace) => verified.include_services(),
        Some(kind) => kind.is_verified(),
        None => false,
    });
    identity::IdentitySubject {
        organiser_name: filing.organiser.name.clone(),
        organiser_nature: filing.organiser.nature.into(),
        organiser_certificate: organiser.map(|organiser| certificate_of(&organiser.certificate)),
        organiser_principal: organiser.map(|organiser| person_of(&organiser.principal)),
        service_principals: services.map(|service| person_of(&service.principal)).collect(),
        materials: materials.collect(),
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
        service_domains: filing.services.iter().map(service_domains).collect(),
    }
}

fn service_domains(service: &InternetService) -> authority::ServiceDomains {
    let named = service.all_domains().filter_map(|(field, domain)| Some((field, a_label(domain)?)));
    let (fields, domains) = named.unzip();
    authority::ServiceDomains { domains, fields }
}

fn is_for_bureau(material: &common::Material) -> bool {
    MaterialKind::parse(&material.kind).is_some_and(|kind| kind.bureau_purpose().is_some())
}

/// What the relay reports to the bureau, with the materials that have a place there and the slips.
pub fn relay_filing(filing: &Filing, materials: Vec<common::Material>, slips: Vec<relay::Slip>) -> relay::RelayFiling {
    relay::RelayFiling {
        organiser: Some(relay_organiser(&filing.organiser)),
        services: filing.services.iter().map(relay_service).collect(),
        materials: materials.into_iter().filter(is_for_bureau).collect(),
        slips,
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
        number: organiser.number.as_deref().map(normal_number).unwrap_or_default(),
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
        number: service.number.as_deref().map(normal_number).unwrap_or_default(),
        app_platforms: service.app_platforms.iter().map(app_platform).collect(),
        mini_program_platforms: service.mini_program_platforms.clone(),
        kind: kind.to_owned(),
        name: service.name.clone(),
        domains: service.domains.iter().filter_map(|domain| a_label(domain)).collect(),
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
        valid_from: certificate.valid_from.map(|date| date.to_string()).unwrap_or_default(),
    }
}
