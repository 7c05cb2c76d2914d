//! How the services are connected.

use std::net::Ipv4Addr;

use super::{Case, Findings, Rule};
use crate::catalogue::A01;
use crate::{InternetService, ServiceKind};

/// 服务器放置地 outside the mainland: Hong Kong, Macau, Taiwan.
const PLACES_OUTSIDE: [u16; 3] = [13, 20, 30];

/// Whether a service has access data of its own: mini-programs and quick apps live on their platform's (bureau-interface
/// §9.1).
pub(super) fn has_access(service: &InternetService) -> bool {
    matches!(service.kind, ServiceKind::Website | ServiceKind::App)
}

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let param = &case.book.access_complete;
    if !param.value || !case.scope.access {
        return;
    }
    let rule = Rule::of("access_complete", param);
    for (at, service) in case.services().filter(|(_, service)| has_access(service)) {
        let access = &service.access;
        let mut report =
            |part: &str, zh: &str, en: &str| findings.add(A01, rule, at.field(&format!("access.{part}")), zh, en);
        if access.methods.is_empty() {
            report("methods", "未填写接入方式", "the access method is missing");
        }
        if access.server_places.is_empty() {
            report("server_places", "未填写服务器放置地", "the place of the server is missing");
        }
        if access.server_places.iter().any(|place| PLACES_OUTSIDE.contains(place)) {
            report("server_places", "服务器须在中国内地", "the server must stand in the mainland");
        }
        if access.addresses.is_empty() {
            report("addresses", "未填写 IP 地址", "the IP address is missing");
        }
        for (index, address) in access.addresses.iter().enumerate() {
            if !is_address_or_range(address) {
                report(&format!("addresses[{index}]"), "IP 地址格式不正确", "this is not an IPv4 address or range");
            }
        }
    }
}

fn is_address_or_range(text: &str) -> bool {
    let address = |text: &str| text.trim().parse::<Ipv4Addr>().ok();
    match text.split_once('-') {
        None => address(text).is_some(),
        Some((from, to)) => matches!((address(from), address(to)), (Some(from), Some(to)) if from <= to),
    }
}
