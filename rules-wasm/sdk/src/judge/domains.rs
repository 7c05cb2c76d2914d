//! Domains: one per website, real-named, not expiring, held by the organiser.

use icp_domain::names::is_same_name;

use super::access::has_access;
use super::{At, Case, DomainScope, Findings, Rule};
use crate::book::DomainHolder;
use crate::catalogue::{A01, C01, D01, D02, D03, D04, D05, D06, D07, S01};
use crate::text::{Searchable, after, lower};
use crate::{DomainAnswer, InternetService, OrderType, ServiceKind};

/// A domain of the order.
#[derive(Clone, Copy)]
struct Place {
    at: At,
    index: usize,
}

impl Place {
    fn field(self) -> String {
        format!("{}.domains[{}]", self.at, self.index)
    }
}

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    if case.scope.domains == DomainScope::Nothing {
        return;
    }
    for (at, service) in case.services() {
        if case.scope.domains == DomainScope::New {
            number(case, findings, at, service);
        }
        for (index, domain) in service.domains.iter().enumerate() {
            let place = Place { at, index };
            if is_repeated(case, at, index, domain) {
                findings.add(
                    D06,
                    Rule::of("domains_per_website", &case.book.domains_per_website),
                    place.field(),
                    "同一域名在订单中重复出现",
                    "the domain appears twice in the order",
                );
            }
            form(case, findings, place, service, &lower(domain));
            let answer = case.context.domains.iter().find(|answer| answer.domain.eq_ignore_ascii_case(domain));
            if let Some(answer) = answer {
                registered(case, findings, place, answer);
                holder(case, findings, place, answer);
                reachable(case, findings, place, service, answer);
            }
        }
        home(case, findings, at, service);
    }
    online_shop(case, findings);
}

/// Whether the domain stands earlier in the order.
fn is_repeated(case: &Case<'_>, at: At, index: usize, domain: &str) -> bool {
    let earlier = |other: At, place: usize| match (other, at) {
        (At::Service(other), At::Service(own)) => (other, place) < (own, index),
        _ => false,
    };
    case.services().any(|(other, service)| {
        service
            .domains
            .iter()
            .enumerate()
            .any(|(place, text)| earlier(other, place) && text.eq_ignore_ascii_case(domain))
    })
}

fn number(case: &Case<'_>, findings: &mut Findings, at: At, service: &InternetService) {
    let rule = &case.book.domains_per_website;
    let count = service.domains.len();
    let wanted = usize::try_from(rule.value).unwrap_or(usize::MAX);
    if service.kind == ServiceKind::Website && count != wanted {
        findings.add(
            D07,
            Rule::of("domains_per_website", rule),
            at.field("domains"),
            format_args!("首次备案的网站须有且仅有 {wanted} 个域名，当前 {count} 个"),
            format_args!("a new website has exactly {wanted} domain, this one has {count}"),
        );
    }
}

/// Domains are compared as typed: ASCII (with `xn--`) or Unicode.
fn form(case: &Case<'_>, findings: &mut Findings, place: Place, service: &InternetService, domain: &str) {
    let by_address = &case.book.site_by_address;
    if by_address.value.contains(&case.order.organiser.nature) && domain.parse::<std::net::Ipv4Addr>().is_ok() {
        return;
    }
    let format = &case.book.domain_format;
    if format.value && !is_domain(domain) {
        findings.add(
            D05,
            Rule::of("domain_format", format),
            place.field(),
            "域名格式不正确（不带 http:// 与端口）",
            "this is not a domain (without http:// and port)",
        );
        return;
    }
    suffix(case, findings, place, service, domain);
}

/// Whether the domain ends with a suffix such as `cn` or `gov.cn`.
fn has_suffix(domain: &str, suffix: &str) -> bool {
    domain.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
}

fn suffix(case: &Case<'_>, findings: &mut Findings, place: Place, service: &InternetService, domain: &str) {
    let book = case.book;
    let is_one_of = |suffixes: &[&str]| suffixes.iter().any(|suffix| has_suffix(domain, suffix));
    let is_access = matches!(case.order.order_type, OrderType::AddAccess | OrderType::ContinueAccess);
    let filed = case.recorded(service).and_then(|recorded| recorded.filed);
    let mut report = |rule: Rule, zh: &str, en: &str| {
        let last = domain.rsplit('.').next().unwrap_or_default();
        findings.add(
            D05,
            rule,
            place.field(),
            format_args!("{}不接受后缀 .{last}{zh}", book.bureau),
            format_args!("this bureau does not accept the suffix .{last}{en}"),
        );
    };
    let exception = book.suffix_access_before.value.iter().find(|(suffix, _)| has_suffix(domain, suffix));
    if let Some((_, day)) = exception {
        let is_old = filed.is_some_and(|filed| filed.days() < day.days());
        if !is_access || !is_old {
            report(
                Rule::of("suffix_access_before", &book.suffix_access_before),
                "（仅可接入此前已备案的）",
                " except for access of older filings",
            );
        }
    } else if !book.suffix_allow.value.is_empty() && !is_one_of(book.suffix_allow.value) {
        report(Rule::of("suffix_allow", &book.suffix_allow), "", "");
    } else if is_one_of(book.suffix_deny.value) {
        report(Rule::of("suffix_deny", &book.suffix_deny), "", "");
    } else if is_access && is_one_of(book.suffix_deny_access.value) {
        report(Rule::of("suffix_deny_access", &book.suffix_deny_access), "的接入", " for access");
    }
    let by_nature = &book.suffix_by_nature;
    let wanted = by_nature.value.iter().find(|(nature, _)| *nature == case.order.organiser.nature);
    if let Some((_, suffixes)) = wanted.filter(|(_, suffixes)| !is_one_of(suffixes)) {
        findings.add(
            D05,
            Rule::of("suffix_by_nature", by_nature),
            place.field(),
            format_args!("此性质的单位应使用后缀 {}", suffixes.join("、")),
            format_args!("units of this nature use the suffixes {}", suffixes.join(", ")),
        );
    }
}

/// Two or more labels of letters, digits and inner hyphens, the last of them not a number.
fn is_domain(domain: &str) -> bool {
    let mut labels = 0;
    // Of the label that is being read, or was read last.
    let (mut length, mut is_number) = (0, true);
    let mut before = '.';
    for character in domain.chars().chain(['.']) {
        if character == '.' {
            if length > 63 || before == '.' || before == '-' {
                return false;
            }
            labels += 1;
        } else {
            if before == '.' {
                (length, is_number) = (0, true);
            }
            let is_inner_hyphen = character == '-' && length > 0;
            if !is_inner_hyphen && !character.is_alphanumeric() {
                return false;
            }
            length += character.len_utf8();
            is_number &= character.is_ascii_digit();
        }
        before = character;
    }
    labels > 1 && !is_number
}

fn registered(case: &Case<'_>, findings: &mut Findings, place: Place, answer: &DomainAnswer) {
    let named = &case.book.domain_real_named;
    if named.value && !answer.found {
        findings.add(
            D01,
            Rule::of("domain_real_named", named),
            place.field(),
            "域名不存在于注册商验证库",
            "the registrars' database does not know the domain",
        );
        return;
    }
    if named.value && answer.real_named == Some(false) {
        findings.add(
            D01,
            Rule::of("domain_real_named", named),
            place.field(),
            "域名未实名认证",
            "the domain is not real-named",
        );
    }
    let registrar = &case.book.domain_registrar_approved;
    if registrar.value && answer.registrar_approved == Some(false) {
        findings.add(
            D03,
            Rule::of("domain_registrar_approved", registrar),
            place.field(),
            "域名注册商未获批复，不能备案",
            "the domain's registrar is not approved",
        );
    }
    let days = &case.book.domain_min_days;
    if let Some(expires) = answer.expires
        && expires.days_since(case.context.today) < i64::from(days.value)
    {
        findings.add(
            D04,
            Rule::of("domain_min_days", days),
            place.field(),
            format_args!("域名 {} 到期，剩余不足 {} 天", expires.iso(), days.value),
            format_args!("the domain expires on {}, in less than {} days", expires.iso(), days.value),
        );
    }
    let only = &case.book.domain_registrable;
    let below = answer.registrable.as_deref().filter(|name| !name.eq_ignore_ascii_case(&answer.domain));
    let except = case.book.domain_registrable_except.value;
    let is_excepted = except.iter().any(|suffix| has_suffix(&lower(&answer.domain), suffix));
    if let Some(registrable) = below.filter(|_| only.value && !is_excepted) {
        findings.add(
            D05,
            Rule::of("domain_registrable", only),
            place.field(),
            format_args!("只备案注册域名，请填写 {registrable}"),
            format_args!("only the registrable domain is filed: {registrable}"),
        );
    }
}

/// Whether the holder is the unit's legal representative, or P1 where that one is not known.
pub(super) fn is_representatives(case: &Case<'_>, holder: &str) -> bool {
    is_same_name(holder, case.representative().unwrap_or(&case.order.organiser.principal.name))
}

/// Where the book takes other holders with a paper, that paper follows from the parameter (`implied`).
fn holder(case: &Case<'_>, findings: &mut Findings, place: Place, answer: &DomainAnswer) {
    let Some(holder) = answer.holder_name.as_deref() else { return };
    let param = &case.book.domain_holder;
    if is_same_name(holder, &case.order.organiser.name) {
        return;
    }
    let mode = if case.is_person() { DomainHolder::Unit } else { param.value };
    let (zh, en) = match mode {
        DomainHolder::UnitPlus(_) => return,
        DomainHolder::UnitOrLegalRepresentative | DomainHolder::UnitOrLegalRepresentativeWith(_)
            if is_representatives(case, holder) =>
        {
            return;
        }
        DomainHolder::UnitOrLegalRepresentative | DomainHolder::UnitOrLegalRepresentativeWith(_) => {
            ("域名持有者须为单位或其法定代表人", "the domain must be held by the unit or its legal representative")
        }
        DomainHolder::Unit => ("域名持有者须为主办者本身", "the domain must be held by the organiser"),
    };
    findings.add(D02, Rule::of("domain_holder", param), place.field(), zh, en);
}

fn reachable(case: &Case<'_>, findings: &mut Findings, place: Place, service: &InternetService, answer: &DomainAnswer) {
    let closed = &case.book.site_closed_before;
    if closed.value && case.scope.domains == DomainScope::New && answer.open == Some(true) {
        findings.add(
            C01,
            Rule::of("site_closed_before", closed),
            place.field(),
            "备案通过前网站已开通",
            "the site is open before its filing",
        );
    }
    let matches = &case.book.dns_matches_access;
    let resolved = answer.resolves_to.as_deref().unwrap_or_default();
    let filed = &service.access.addresses;
    if matches.value
        && has_access(service)
        && resolved.iter().any(|address| !filed.iter().any(|range| is_in(address, range)))
    {
        findings.add(
            A01,
            Rule::of("dns_matches_access", matches),
            place.field(),
            "域名解析的 IP 与备案 IP 不一致",
            "the domain resolves to an address that is not filed",
        );
    }
}

/// Whether an address is the other one, or in its range.
fn is_in(address: &str, range: &str) -> bool {
    let parse = |text: &str| text.trim().parse::<std::net::Ipv4Addr>().ok();
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    match (parse(address), parse(from), parse(to)) {
        (Some(address), Some(from), Some(to)) => (from..=to).contains(&address),
        _ => false,
    }
}

fn home(case: &Case<'_>, findings: &mut Findings, at: At, service: &InternetService) {
    let rule = &case.book.home_in_domain;
    let Some(url) = service.home_url.as_deref().filter(|_| rule.value && !service.domains.is_empty()) else { return };
    let without_scheme = after(url, "://").unwrap_or(url);
    let host = lower(without_scheme.split(['/', ':', '?', '#']).next().unwrap_or_default());
    let is_under = |domain: &String| {
        let domain = lower(domain);
        host == domain || host.strip_suffix(domain.as_ref()).is_some_and(|rest| rest.ends_with('.'))
    };
    if !service.domains.iter().any(is_under) {
        findings.add(
            D05,
            Rule::of("home_in_domain", rule),
            at.field("home_url"),
            "首页 URL 不在备案域名之下",
            "the home page does not lie under the filed domain",
        );
    }
}

fn online_shop(case: &Case<'_>, findings: &mut Findings) {
    let param = &case.book.online_shop_domain;
    let address = case.order.organiser.certificate.address.as_deref().unwrap_or_default();
    let address = Searchable::lower(address);
    if !param.value || !address.contains_any(&["http://", "https://", "www.", "网店"]) {
        return;
    }
    let mut domains = case.services().flat_map(|(_, service)| &service.domains);
    if !domains.any(|domain| address.contains(&lower(domain))) {
        findings.add_with_remedy(
            S01,
            Rule::of("online_shop_domain", param),
            "organiser.certificate.address",
            (
                "网店执照的住所为平台网址，备案域名须与之一致",
                "the licence is an online shop's: the domain must be the one in its address",
            ),
            ("备案执照住所所载的域名，或更换执照", "file the domain in the licence's address, or use another licence"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::is_domain;

    #[test]
    fn domains_have_labels() {
        let long = "a".repeat(63);
        for domain in ["a.cn", "a-b.cn", "示例.中国", "1.a", "xn--fiq.cn", "a--b.c.d2", &format!("{long}.cn")] {
            assert!(is_domain(domain), "{domain}");
        }
        let no_domains =
            ["", ".", "a", "a.", ".cn", "a..cn", "-a.cn", "a-.cn", "a.cn-", "a.1", "a b.cn", "a.cn/", "a_b.cn"];
        for domain in no_domains.into_iter().chain([format!("{long}a.cn").as_str()]) {
            assert!(!is_domain(domain), "{domain}");
        }
    }
}
