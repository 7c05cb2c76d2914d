//! The province's rule module judges an order.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use icp_domain::{Filing, Finding, Province, Severity, Stage};
use icp_rules_host::{Host, Verdict};
use icp_rules_sdk::{
    Context, Date, DomainAnswer, EnterpriseAnswer, EnterpriseStatus, Material, OnRecord, Order, RecordedService,
};
use uuid::Uuid;

use crate::archive::record_found::OpenRecord;
use crate::materials::store::MaterialRow;
use crate::order::{DomainFacts, EnterpriseFacts, Registers, RulesVerdict};

/// Code of the finding that no module could judge.
pub const CODE_UNJUDGED: &str = "R00";

/// Facts that rules may need besides the order itself.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The order's id: the report of a candidate in shadow mode may name it.
    pub order_id: Uuid,
    /// Materials that were uploaded; absent for a filing that is not stored: then none is missed.
    pub materials: Option<&'a [MaterialRow]>,
    /// Services and domains of the organiser on record here, where it is.
    pub filed: Option<(usize, usize)>,
    /// What is on record of the organiser, where the account that orders holds the record.
    pub record: Option<&'a OpenRecord>,
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
    match host.judge_order(filing.province, &facts.order_id.to_string(), &order, &context(filing, facts)) {
        Verdict::Judged { findings, module, .. } => RulesVerdict {
            digest: Some(module.digest.clone()),
            version: Some(module.version().to_owned()),
            findings: findings.into_iter().map(Into::into).collect(),
        },
        Verdict::Unjudged { reason, module } => RulesVerdict {
            digest: module.as_ref().map(|module| module.digest.clone()),
            version: module.as_ref().map(|module| module.version().to_owned()),
            findings: vec![Finding {
                code: CODE_UNJUDGED.to_owned(),
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
pub fn context(filing: &Filing, facts: &Facts<'_>) -> Context {
    let mut context = Context::on(day_in_china(facts.now));
    context.materials = facts.materials.map(|rows| rows.iter().map(material).collect());
    let count = |number: usize| u32::try_from(number).ok();
    context.filed_services = facts.filed.and_then(|(services, _)| count(services));
    context.filed_domains = facts.filed.and_then(|(_, domains)| count(domains));
    hold_against(&mut context, filing, facts.record);
    if let Some(registers) = facts.registers {
        context.enterprise = registers.enterprise.as_ref().map(enterprise);
        context.domains = registers.domains.iter().map(domain).collect();
    }
    context.orders_in_flight = u32::try_from(facts.other_orders_in_flight).ok();
    context
}

/// Tells what is on record, and what the filing changes of it.
pub fn hold_against(context: &mut Context, filing: &Filing, record: Option<&OpenRecord>) {
    context.on_record = record.map(on_record);
    context.changed = record.and_then(|record| record.changed(filing).ok());
}

/// What is on record of the organiser, as the rules read it.
fn on_record(record: &OpenRecord) -> OnRecord {
    let OpenRecord { organiser, province, services } = record;
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    OnRecord {
        name: organiser.name.clone(),
        nature: organiser.nature,
        certificate_kind: organiser.certificate.kind,
        certificate_number: organiser.certificate.number.clone(),
        certificate_address: organiser.certificate.address.clone(),
        investor: organiser.investor.clone(),
        principal_name: filled(&organiser.principal.name),
        principal_id_number: filled(&organiser.principal.id.number),
        principal_mobile: filled(&organiser.principal.mobile),
        province_code: Province::parse(province).map(Province::code),
        services: services
            .iter()
            .map(|(service, filed_at)| RecordedService {
                name: service.name.clone(),
                domains: service.domains.clone(),
                principal_name: filled(&service.principal.name),
                principal_id_number: filled(&service.principal.id.number),
                principal_mobile: filled(&service.principal.mobile),
                filed: Some(day_in_china(*filed_at)),
                // Nobody looks at the site.
                open: None,
                number_shown: None,
            })
            .collect(),
    }
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
    let picture = row.facts.picture.as_ref();
    Material {
        kind: row.kind.clone(),
        service: u32::try_from(row.service_index).ok(),
        media_type: row.media_type.clone(),
        size_bytes: u64::try_from(row.size_bytes).unwrap_or_default(),
        issued: None,
        valid_to: None,
        form: None,
        width_px: picture.map(|picture| picture.width_px),
        height_px: picture.map(|picture| picture.height_px),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use icp_domain::OrderType;
    use icp_testkit::filings::{company_filing, filing_of_type};

    use super::*;

    #[test]
    fn what_registers_and_archive_know_reaches_the_rules_and_what_is_not_known_is_left_out() {
        let filing = company_filing(Province::Guangdong, 1);
        let facts = |registers, materials, filed| Facts {
            order_id: Uuid::nil(),
            materials,
            filed,
            record: None,
            other_orders_in_flight: 2,
            registers,
            now: "2026-11-20T18:00:00Z".parse().unwrap(),
        };
        let nothing = context(&filing, &facts(None, None, None));
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
        let known = context(&filing, &facts(Some(&registers), Some(&[]), Some((3, 4))));
        assert_eq!(known.materials.map(|list| list.len()), Some(0));
        assert_eq!(known.enterprise.unwrap().status, Some(EnterpriseStatus::Revoked));
        assert_eq!((known.filed_services, known.filed_domains), (Some(3), Some(4)));
        let domain = &known.domains[0];
        assert_eq!(
            (domain.real_named, domain.expires, domain.holder_name.as_deref()),
            (Some(false), Some(Date::new(2027, 1, 31)), None)
        );
    }

    #[test]
    fn what_is_on_record_is_told_with_its_services_and_their_dates() {
        let filing = company_filing(Province::Guangdong, 1);
        let service = filing.services[0].clone();
        let record = OpenRecord {
            organiser: filing.organiser.clone(),
            province: "gd".to_owned(),
            services: vec![(service.clone(), "2026-11-20T18:00:00Z".parse().unwrap())],
        };
        let told = on_record(&record);
        assert_eq!((told.name.as_str(), told.province_code), (filing.organiser.name.as_str(), Some(440_000)));
        assert_eq!(told.principal_mobile.as_deref(), Some(filing.organiser.principal.mobile.as_str()));
        assert_eq!((&told.services[0].name, &told.services[0].domains), (&service.name, &service.domains));
        assert_eq!((told.services[0].filed, told.services[0].open), (Some(Date::new(2026, 11, 21)), None));
    }
    #[test]
    fn a_change_is_told_by_the_fields_in_which_it_differs_from_the_record() {
        let filing = filing_of_type(OrderType::ChangeBoth, Province::Guangdong, 1);
        let record = OpenRecord {
            organiser: filing.organiser.clone(),
            province: "gd".to_owned(),
            services: vec![(filing.services[0].clone(), "2026-11-20T18:00:00Z".parse().unwrap())],
        };
        let changed = |filing: &Filing| {
            let mut context = Context::on(Date::new(2026, 11, 21));
            hold_against(&mut context, filing, Some(&record));
            context.changed.unwrap()
        };
        assert_eq!(changed(&filing), Vec::<String>::new());
        let mut moved = filing.clone();
        moved.organiser.address.detail.push_str("甲座");
        moved.services[0].remark = Some("新的备注".to_owned());
        moved.services[0].access.addresses = vec!["198.51.100.9".to_owned()];
        assert_eq!(changed(&moved), ["organiser.address.detail", "services[0].remark"]);
        moved.order_type = OrderType::ChangeService;
        assert_eq!(changed(&moved), ["services[0].remark"], "the organiser only says whose service it is");
        moved.services[0].number = Some("粤ICP备2026000009号-9".to_owned());
        assert_eq!(changed(&moved), ["services[0]"]);
    }
}
