//! The province's rule module judges an order.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use icp_domain::{Filing, Finding, Severity, Stage};
use icp_rules_host::{Host, Verdict};
use icp_rules_sdk::{Context, Date, DomainAnswer, EnterpriseAnswer, EnterpriseStatus, Material, Order};
use uuid::Uuid;

use crate::order::{DomainFacts, EnterpriseFacts, Registers, RulesVerdict};
use crate::store::MaterialRow;

/// Facts that rules may need besides the order itself.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The order's id: the report of a candidate in shadow mode may name it.
    pub order_id: Uuid,
    /// Materials that were uploaded; absent for a filing that is not stored: then none is missed.
    pub materials: Option<&'a [MaterialRow]>,
    /// Services and domains of the organiser on record here, where it is.
    pub filed: Option<(i64, i64)>,
    /// Other orders of this organiser in flight.
    pub other_orders_in_flight: i64,
    /// What the registers told, where they were asked.
    pub registers: Option<&'a Registers>,
    /// The time of the judgement.
    pub now: DateTime<Utc>,
}

/// Judges with the province's active module. Without one, the order goes to manual review. What is not carried to the
/// bureau is not the bureau's to judge.
pub fn judge(host: &Arc<Host>, filing: &Filing, facts: &Facts<'_>) -> RulesVerdict {
    if filing.order_type.description().bureau.is_none() {
        return RulesVerdict { digest: None, version: None, findings: Vec::new() };
    }
    let order = Order::from(filing);
    match host.judge_order(filing.province, &facts.order_id.to_string(), &order, &context(facts)) {
        Verdict::Judged { findings, module, .. } => RulesVerdict {
            digest: Some(module.digest.clone()),
            version: Some(module.version().to_owned()),
            findings: findings.into_iter().map(Into::into).collect(),
        },
        Verdict::Unjudged { reason, module } => RulesVerdict {
            digest: module.as_ref().map(|module| module.digest.clone()),
            version: module.as_ref().map(|module| module.version().to_owned()),
            findings: vec![Finding {
                code: "R00".to_owned(),
                stage: Stage::Rules,
                severity: Severity::Review,
                field: String::new(),
                message_zh: format!("规则模块未能判定，须人工审核：{reason}"),
                message_en: format!("The rule module could not judge; a reviewer must check by hand: {reason}"),
                remedy: "Review every requirement of the province by hand.".to_owned(),
                source: None,
            }],
        },
    }
}

/// The date in China at this time.
pub fn day_in_china(time: DateTime<Utc>) -> Date {
    crate::china::day(time).into()
}

/// What the rules are told besides the order.
pub fn context(facts: &Facts<'_>) -> Context {
    let mut context = Context::on(day_in_china(facts.now));
    context.materials = facts.materials.map(|rows| rows.iter().map(material).collect());
    let count = |number: i64| u32::try_from(number).ok();
    context.filed_services = facts.filed.and_then(|(services, _)| count(services));
    context.filed_domains = facts.filed.and_then(|(_, domains)| count(domains));
    if let Some(registers) = facts.registers {
        context.enterprise = registers.enterprise.as_ref().map(enterprise);
        context.domains = registers.domains.iter().map(domain).collect();
    }
    context.orders_in_flight = u32::try_from(facts.other_orders_in_flight).ok();
    context
}

fn enterprise(facts: &EnterpriseFacts) -> EnterpriseAnswer {
    let status = match facts.status.as_str() {
        "active" => Some(EnterpriseStatus::Active),
        "abnormal" => Some(EnterpriseStatus::Abnormal),
        "revoked" => Some(EnterpriseStatus::Revoked),
        "deregistered" => Some(EnterpriseStatus::Deregistered),
        _ => None,
    };
    EnterpriseAnswer { found: facts.found, status, ..EnterpriseAnswer::default() }
}

fn domain(facts: &DomainFacts) -> DomainAnswer {
    DomainAnswer {
        domain: facts.domain.clone(),
        found: facts.found,
        real_named: facts.real_named,
        expires: facts.expires_on.map(Into::into),
        registrar_approved: facts.registrar_approved,
        ..DomainAnswer::default()
    }
}

fn material(row: &MaterialRow) -> Material {
    Material {
        kind: row.kind.clone(),
        service: u32::try_from(row.service_index).ok(),
        media_type: row.media_type.clone(),
        size_bytes: u64::try_from(row.size_bytes).unwrap_or_default(),
        issued: None,
        valid_to: None,
        form: None,
        width_px: None,
        height_px: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_registers_and_archive_know_reaches_the_rules_and_what_is_not_known_is_left_out() {
        let facts = |registers, materials, filed| Facts {
            order_id: Uuid::nil(),
            materials,
            filed,
            other_orders_in_flight: 2,
            registers,
            now: "2026-11-20T18:00:00Z".parse().unwrap(),
        };
        let nothing = context(&facts(None, None, None));
        assert_eq!(nothing.today, Date::new(2026, 11, 21), "the day in China");
        assert_eq!((nothing.materials, nothing.enterprise, nothing.filed_services), (None, None, None));
        assert_eq!((nothing.domains.len(), nothing.orders_in_flight), (0, Some(2)));
        let registers = Registers {
            enterprise: Some(EnterpriseFacts { found: true, status: "revoked".to_owned() }),
            domains: vec![DomainFacts {
                domain: "example.cn".to_owned(),
                found: true,
                real_named: Some(false),
                expires_on: Some("2027-01-31".parse().unwrap()),
                registrar_approved: None,
            }],
        };
        let known = context(&facts(Some(&registers), Some(&[]), Some((3, 4))));
        assert_eq!(known.materials.map(|list| list.len()), Some(0));
        assert_eq!(known.enterprise.unwrap().status, Some(EnterpriseStatus::Revoked));
        assert_eq!((known.filed_services, known.filed_domains), (Some(3), Some(4)));
        let domain = &known.domains[0];
        assert_eq!(
            (domain.real_named, domain.expires, domain.holder_name.as_deref()),
            (Some(false), Some(Date::new(2027, 1, 31)), None)
        );
    }
}
