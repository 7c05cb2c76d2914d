//! The declared content of an order: its form and limits by order type ([`validate`]), and its forms for the other
//! services ([`messages`]).

mod app;
mod form;
pub mod messages;

use std::net::Ipv4Addr;

use icp_domain::names::DomainName;
use icp_domain::{Filing, InternetService};
use icp_proto::relay;

pub use form::{fields, validate};

/// `192.0.2.1` or `192.0.2.1-192.0.2.4`, first not after last.
pub fn ip_range(text: &str) -> Option<relay::IpRange> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let first = u32::from(first.trim().parse::<Ipv4Addr>().ok()?);
    let last = u32::from(last.trim().parse::<Ipv4Addr>().ok()?);
    (first <= last).then_some(relay::IpRange { first, last })
}

/// Domains of all services in A-label form, those of APPs too, each once.
pub fn domains(filing: &Filing) -> Vec<String> {
    let all = filing.services.iter().flat_map(InternetService::all_domains);
    let mut all: Vec<String> = all.filter_map(|(_, domain)| a_label(domain)).collect();
    all.sort();
    all.dedup();
    all
}

fn a_label(domain: &str) -> Option<String> {
    DomainName::parse(domain).ok().map(|name| name.ascii().to_owned())
}

/// The organiser's number on record, in its printed form.
pub fn organiser_number(filing: &Filing) -> Option<String> {
    filing.organiser.number.as_deref().and_then(printed)
}

/// The services' numbers on record, in their printed form and the order of the services.
pub fn service_numbers(filing: &Filing) -> Vec<String> {
    filing.services.iter().filter_map(service_number).collect()
}

/// A service's number on record, in its printed form.
pub fn service_number(service: &InternetService) -> Option<String> {
    service.number.as_deref().and_then(printed)
}

fn printed(number: &str) -> Option<String> {
    icp_domain::identifiers::FilingNumber::parse(number).ok().map(|number| number.as_str())
}

#[cfg(test)]
mod tests;
