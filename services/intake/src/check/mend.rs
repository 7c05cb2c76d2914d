//! What a machine can put right: full-width characters, spaces, small letters, schemes and dots of domains.

use icp_domain::identifiers::FilingNumber;
use icp_domain::names::{DomainName, comparable_name, visible_name};
use icp_domain::{Filing, Person};

use crate::content::ip_range;

/// What stands in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A name of an organisation, a person or a service.
    Name,
    /// Number of a certificate of this kind.
    Certificate(u16),
    /// Mobile number.
    Mobile,
    /// Mobile or landline.
    Phone,
    /// E-mail address.
    Email,
    /// Domain name.
    Domain,
    /// Address of a page, without scheme.
    Url,
    /// Filing number.
    FilingNumber,
    /// Hexadecimal digits.
    Hexadecimal,
    /// IP address or range.
    Addresses,
}

/// Fields with the value that they should have, where it is another one: `(field, value)`.
pub fn mended(filing: &Filing) -> Vec<(String, String)> {
    let mut mended = Vec::new();
    walk(filing, &mut |field, text, place| {
        if let Some(value) = mend(text, place).filter(|value| value != text && !value.is_empty()) {
            mended.push((field, value));
        }
    });
    mended
}

/// Visits every field with a form of its own: path, text, what stands there.
pub fn walk(filing: &Filing, visit: &mut dyn FnMut(String, &str, Place)) {
    let organiser = &filing.organiser;
    if let Some(number) = &organiser.number {
        visit("organiser.number".to_owned(), number, Place::FilingNumber);
    }
    visit("organiser.name".to_owned(), &organiser.name, Place::Name);
    let certificate = &organiser.certificate;
    visit("organiser.certificate.number".to_owned(), &certificate.number, Place::Certificate(certificate.kind));
    walk_person("organiser.principal", &organiser.principal, visit);
    for (index, service) in filing.services.iter().enumerate() {
        let path = format!("services[{index}]");
        if let Some(number) = &service.number {
            visit(format!("{path}.number"), number, Place::FilingNumber);
        }
        visit(format!("{path}.name"), &service.name, Place::Name);
        for (place, domain) in service.domains.iter().enumerate() {
            visit(format!("{path}.domains[{place}]"), domain, Place::Domain);
        }
        if let Some(url) = &service.home_url {
            visit(format!("{path}.home_url"), url, Place::Url);
        }
        for (place, address) in service.access.addresses.iter().enumerate() {
            visit(format!("{path}.access.addresses[{place}]"), address, Place::Addresses);
        }
        for (place, app) in service.app_platforms.iter().enumerate() {
            let path = format!("{path}.app_platforms[{place}]");
            visit(format!("{path}.public_key"), &app.public_key, Place::Hexadecimal);
            visit(format!("{path}.certificate_fingerprint"), &app.certificate_fingerprint, Place::Hexadecimal);
            for (place, domain) in app.domains.iter().enumerate() {
                visit(format!("{path}.domains[{place}]"), domain, Place::Domain);
            }
        }
        walk_person(&format!("{path}.principal"), &service.principal, visit);
    }
}

fn walk_person(path: &str, person: &Person, visit: &mut dyn FnMut(String, &str, Place)) {
    visit(format!("{path}.name"), &person.name, Place::Name);
    visit(format!("{path}.id.number"), &person.id.number, Place::Certificate(person.id.kind));
    visit(format!("{path}.mobile"), &person.mobile, Place::Mobile);
    visit(format!("{path}.email"), &person.email, Place::Email);
    for (name, phone) in [("emergency_phone", &person.emergency_phone), ("office_phone", &person.office_phone)] {
        if let Some(phone) = phone {
            visit(format!("{path}.{name}"), phone, Place::Phone);
        }
    }
}

/// The text as it should stand there; `None` where no machine can tell.
pub fn mend(text: &str, place: Place) -> Option<String> {
    let narrow = || comparable_name(text);
    match place {
        Place::Name => Some(visible_name(text).into_owned()),
        Place::Certificate(_) => Some(narrow().to_ascii_uppercase()),
        Place::Mobile => Some(mobile(&narrow())),
        Place::Phone | Place::Email => Some(narrow()),
        Place::Domain => domain(&narrow()),
        Place::Url => Some(without_scheme(&narrow()).trim_end_matches('/').to_owned()),
        Place::FilingNumber => FilingNumber::parse(text).ok().map(|number| number.as_str()),
        Place::Hexadecimal => Some(narrow().replace(':', "")),
        Place::Addresses => {
            let written = narrow().replace(['~', '–', '—', '～'], "-");
            ip_range(&written).map(|_| written)
        }
    }
}

fn mobile(text: &str) -> String {
    let digits = text.replace('-', "");
    let national = ["+86", "0086", "86"].into_iter().find_map(|prefix| digits.strip_prefix(prefix));
    match national {
        Some(national) if national.len() == 11 => national.to_owned(),
        _ => digits,
    }
}

fn domain(text: &str) -> Option<String> {
    let lower = text.to_lowercase().replace(['。', '｡'], ".");
    let name = without_scheme(&lower);
    let name = name.split(['/', '?', '#', ':']).next().unwrap_or(name);
    let name = name.trim_start_matches("*.").trim_end_matches('.');
    DomainName::parse(name).ok().map(|_| name.to_owned())
}

fn without_scheme(text: &str) -> &str {
    text.split_once("://").map_or(text, |(_, rest)| rest)
}
