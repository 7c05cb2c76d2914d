//! Domains: one per website, real-named, not expiring, held by the organiser.

use icp_domain::names::is_same_name;

use super::{Case, Findings, Rule};
use crate::book::DomainHolder;
use crate::catalogue::{D01, D02, D04, D05, D06, D07};
use crate::{DomainAnswer, InternetService, ServiceKind};

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let mut seen: Vec<String> = Vec::new();
    for (path, service) in case.services() {
        number(case, findings, &path, service);
        for (index, domain) in service.domains.iter().enumerate() {
            let field = format!("{path}.domains[{index}]");
            let lower = domain.to_lowercase();
            if seen.contains(&lower) {
                findings.add(
                    D06,
                    Rule::of("domains_per_website", &case.book.domains_per_website),
                    field.as_str(),
                    "同一域名在订单中重复出现",
                    "the domain appears twice in the order",
                );
            }
            form(case, findings, &field, &lower);
            let answer = case.context.domains.iter().find(|answer| answer.domain.eq_ignore_ascii_case(domain));
            if let Some(answer) = answer {
                registered(case, findings, &field, answer);
                holder(case, findings, &field, answer);
            }
            seen.push(lower);
        }
        home(case, findings, &path, service);
    }
}

fn number(case: &Case<'_>, findings: &mut Findings, path: &str, service: &InternetService) {
    let rule = &case.book.domains_per_website;
    let count = service.domains.len();
    let wanted = usize::try_from(rule.value).unwrap_or(usize::MAX);
    if service.kind == ServiceKind::Website && count != wanted {
        findings.add(
            D07,
            Rule::of("domains_per_website", rule),
            format!("{path}.domains"),
            format!("首次备案的网站须有且仅有 {wanted} 个域名，当前 {count} 个"),
            format!("a new website has exactly {wanted} domain, this one has {count}"),
        );
    }
}

/// Domains are compared as typed: ASCII (with `xn--`) or Unicode.
fn form(case: &Case<'_>, findings: &mut Findings, field: &str, domain: &str) {
    let format = &case.book.domain_format;
    if format.value && !is_domain(domain) {
        findings.add(
            D05,
            Rule::of("domain_format", format),
            field,
            "域名格式不正确（不带 http:// 与端口）",
            "this is not a domain (without http:// and port)",
        );
        return;
    }
    let allowed = &case.book.suffix_allow;
    let suffix = domain.rsplit('.').next().unwrap_or_default();
    if !allowed.value.is_empty() && !allowed.value.contains(&suffix) {
        findings.add(
            D05,
            Rule::of("suffix_allow", allowed),
            field,
            format!("{}不接受后缀 .{suffix}", case.book.bureau),
            format!("this bureau does not accept the suffix .{suffix}"),
        );
    }
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let ends_in_letters = labels.last().is_some_and(|last| !last.chars().all(|c| c.is_ascii_digit()));
    labels.len() >= 2 && labels.iter().all(is_label) && ends_in_letters
}

fn registered(case: &Case<'_>, findings: &mut Findings, field: &str, answer: &DomainAnswer) {
    let named = &case.book.domain_real_named;
    if named.value && !answer.found {
        findings.add(
            D01,
            Rule::of("domain_real_named", named),
            field,
            "域名不存在于注册商验证库",
            "the registrars' database does not know the domain",
        );
        return;
    }
    if named.value && answer.real_named == Some(false) {
        findings.add(
            D01,
            Rule::of("domain_real_named", named),
            field,
            "域名未实名认证",
            "the domain is not real-named",
        );
    }
    let days = &case.book.domain_min_days;
    if let Some(expires) = answer.expires
        && expires.days_since(case.context.today) < i64::from(days.value)
    {
        findings.add(
            D04,
            Rule::of("domain_min_days", days),
            field,
            format!("域名 {} 到期，剩余不足 {} 天", expires.iso(), days.value),
            format!("the domain expires on {}, in less than {} days", expires.iso(), days.value),
        );
    }
    let only = &case.book.domain_registrable;
    let below = answer.registrable.as_deref().filter(|name| !name.eq_ignore_ascii_case(&answer.domain));
    if let Some(registrable) = below.filter(|_| only.value) {
        findings.add(
            D05,
            Rule::of("domain_registrable", only),
            field,
            format!("只备案注册域名，请填写 {registrable}"),
            format!("only the registrable domain is filed: {registrable}"),
        );
    }
}

fn holder(case: &Case<'_>, findings: &mut Findings, field: &str, answer: &DomainAnswer) {
    let Some(holder) = answer.holder_name.as_deref() else { return };
    let param = &case.book.domain_holder;
    let rule = Rule::of("domain_holder", param);
    let organiser = &case.order.organiser;
    if is_same_name(holder, &organiser.name) {
        return;
    }
    let representative = case.context.enterprise.as_ref().and_then(|answer| answer.legal_representative.as_deref());
    let is_representative = is_same_name(holder, representative.unwrap_or(&organiser.principal.name));
    let mode = if case.is_person() { DomainHolder::Unit } else { param.value };
    let (zh, en) = match mode {
        DomainHolder::UnitOrLegalRepresentative | DomainHolder::UnitPlus if is_representative => return,
        DomainHolder::UnitPlus => {
            findings.add_with_remedy(
                D02,
                rule.reviewed(),
                field,
                (
                    "域名持有者不是单位或法定代表人：须证明其为股东或高级管理人员",
                    "the holder is neither the unit nor its legal representative: prove a shareholder or senior manager",
                ),
                ("提供股东或高管证明，或将域名过户到单位", "hand in the proof, or transfer the domain to the unit"),
            );
            return;
        }
        DomainHolder::UnitOrLegalRepresentative => {
            ("域名持有者须为单位或其法定代表人", "the domain must be held by the unit or its legal representative")
        }
        DomainHolder::Unit => ("域名持有者须为主办者本身", "the domain must be held by the organiser"),
    };
    findings.add(D02, rule, field, zh, en);
}

fn home(case: &Case<'_>, findings: &mut Findings, path: &str, service: &InternetService) {
    let rule = &case.book.home_in_domain;
    let Some(url) = service.home_url.as_deref().filter(|_| rule.value && !service.domains.is_empty()) else { return };
    let without_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = without_scheme.split(['/', ':', '?', '#']).next().unwrap_or_default().to_lowercase();
    let is_under = |domain: &String| {
        let domain = domain.to_lowercase();
        host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
    };
    if !service.domains.iter().any(is_under) {
        findings.add(
            D05,
            Rule::of("home_in_domain", rule),
            format!("{path}.home_url"),
            "首页 URL 不在备案域名之下",
            "the home page does not lie under the filed domain",
        );
    }
}
