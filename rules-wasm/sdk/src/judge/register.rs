//! The organiser against the enterprise register.

use icp_domain::names::is_same_name;

use super::{Case, Findings, Rule};
use crate::EnterpriseStatus;
use crate::catalogue::{S01, S04};

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    if !case.scope.organiser {
        return;
    }
    let Some(answer) = case.context.enterprise.as_ref() else { return };
    let term = &case.book.licence_min_days;
    let is_stated = case.order.organiser.certificate.valid_to.is_some();
    if let Some(valid_to) = answer.valid_to.filter(|_| !is_stated)
        && valid_to.days_since(case.context.today) < i64::from(term.value)
    {
        findings.add(
            S01,
            Rule::of("licence_min_days", term),
            "organiser.certificate.valid_to",
            format_args!("登记的营业期限至 {}，剩余不足 {} 天", valid_to.iso(), term.value),
            format_args!("the registered term ends on {}, in less than {} days", valid_to.iso(), term.value),
        );
    }
    address(case, findings, answer.address.as_deref());

    let param = &case.book.register_agrees;
    let rule = Rule::of("register_agrees", param);
    if !param.value {
        return;
    }
    let organiser = &case.order.organiser;
    if !answer.found {
        findings.add(
            S04,
            rule.reviewed(),
            "organiser.certificate.number",
            "信用信息系统查无此统一社会信用代码",
            "the enterprise register does not know this number",
        );
        return;
    }
    // 个体工商户 without a trade name stand in the register as `***`.
    let registered_name = answer.name.as_deref().filter(|name| !name.contains('*'));
    if registered_name.is_some_and(|name| !is_same_name(name, &organiser.name)) {
        findings.add(
            S04,
            rule,
            "organiser.name",
            "主办单位名称与信用信息系统登记不一致",
            "the organiser's name differs from the enterprise register",
        );
    }
    let standing = match answer.status {
        None | Some(EnterpriseStatus::Active) => return,
        Some(EnterpriseStatus::Abnormal) => ("列入经营异常名录", "is on the list of abnormal operations"),
        Some(EnterpriseStatus::Revoked) => ("已吊销", "has lost its licence"),
        Some(EnterpriseStatus::Deregistered) => ("已注销", "is deregistered"),
    };
    findings.add(
        S04,
        rule,
        "organiser.certificate.number",
        format_args!("主办单位{}", standing.0),
        format_args!("the organiser {}", standing.1),
    );
}

fn address(case: &Case<'_>, findings: &mut Findings, registered: Option<&str>) {
    let param = &case.book.register_address_agrees;
    let stated = case.order.organiser.certificate.address.as_deref();
    let (Some(registered), Some(stated)) = (registered.filter(|_| param.value), stated) else { return };
    if !is_same_name(registered, stated) {
        findings.add(
            S04,
            Rule::of("register_address_agrees", param),
            "organiser.certificate.address",
            "证件住所与信用信息系统登记不一致",
            "the address on the licence differs from the enterprise register",
        );
    }
}
