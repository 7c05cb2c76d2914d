//! The province's rule module judges an order.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use icp_domain::{Filing, Finding, Severity, Stage};
use icp_rules_host::{Host, Verdict};
use icp_rules_sdk::{Context, Date, Material, Order};
use uuid::Uuid;

use crate::order::RulesVerdict;
use crate::store::MaterialRow;

const CHINA_UTC_OFFSET_SECONDS: i32 = 8 * 3600;

/// Facts that rules may need besides the order itself.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The order's id: the report of a candidate in shadow mode may name it.
    pub order_id: Uuid,
    /// Materials that were uploaded.
    pub materials: &'a [MaterialRow],
    /// Other orders of this organiser in flight.
    pub other_orders_in_flight: i64,
    /// The time of the judgement.
    pub now: DateTime<Utc>,
}

/// Judges with the province's active module. Without one, the order goes to manual review.
pub fn judge(host: &Arc<Host>, filing: &Filing, facts: &Facts<'_>) -> RulesVerdict {
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
pub fn date_in_china(time: DateTime<Utc>) -> NaiveDate {
    FixedOffset::east_opt(CHINA_UTC_OFFSET_SECONDS)
        .map_or(time.date_naive(), |offset| time.with_timezone(&offset).date_naive())
}

/// The same for the rules.
pub fn day_in_china(time: DateTime<Utc>) -> Date {
    date_in_china(time).into()
}

fn context(facts: &Facts<'_>) -> Context {
    let mut context = Context::on(day_in_china(facts.now));
    context.materials = Some(facts.materials.iter().map(material).collect());
    context.orders_in_flight = u32::try_from(facts.other_orders_in_flight).ok();
    context
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
