//! The order as a whole: kind, province, number of services, orders in flight.

use super::{Case, Findings, Rule};
use crate::Severity;
use crate::catalogue::{S03, S06, S07, S10};
use crate::national::DECREE_33;

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    kind_and_province(case, findings);
    in_flight(case, findings);
    volume(case, findings);
}

fn kind_and_province(case: &Case<'_>, findings: &mut Findings) {
    let (book, order) = (case.book, case.order);
    if !book.order_types.value.contains(&order.order_type) {
        findings.add(
            S07,
            Rule::of("order_types", &book.order_types),
            "order_type",
            "本规则版本尚不能判定此备案类型",
            "this rule book cannot judge an order of this kind yet",
        );
    }
    if order.province != book.province.letters() {
        findings.add(
            S03,
            Rule::new("province", Severity::Block, DECREE_33),
            "province",
            format!("订单属于 {}，不由{}审核", order.province, book.bureau),
            format!("the order belongs to {}, not to the bureau of {}", order.province, book.province.letters()),
        );
    }
}

fn in_flight(case: &Case<'_>, findings: &mut Findings) {
    let rule = &case.book.one_order_in_flight;
    let count = case.context.orders_in_flight.unwrap_or_default();
    if rule.value && count > 0 {
        findings.add(
            S06,
            Rule::of("one_order_in_flight", rule),
            "organiser.certificate.number",
            format!("主办者冲突：该主办者另有 {count} 个进行中的订单"),
            format!("the organiser has {count} other orders in flight"),
        );
    }
}

fn volume(case: &Case<'_>, findings: &mut Findings) {
    let book = case.book;
    let in_order = u32::try_from(case.order.services.len()).unwrap_or(u32::MAX);
    let is_person = case.is_person();
    if in_order == 0 {
        findings.add(
            S10,
            Rule::new("services_per_order", Severity::Block, DECREE_33),
            "services",
            "订单中没有互联网信息服务",
            "the order holds no internet service",
        );
    }
    if let Some(limit) = book.services_per_order.value.of(is_person).filter(|limit| in_order > *limit) {
        findings.add(
            S10,
            Rule::of("services_per_order", &book.services_per_order),
            "services",
            format!("每个订单最多 {limit} 个互联网信息服务，当前 {in_order} 个"),
            format!("one order may hold {limit} services, this one holds {in_order}"),
        );
    }
    let Some(filed) = case.context.filed_services else { return };
    let total = filed.saturating_add(in_order);
    if let Some(limit) = book.services_total_max.value.of(is_person).filter(|limit| total > *limit) {
        findings.add(
            S10,
            Rule::of("services_total_max", &book.services_total_max),
            "services",
            format!("同一主办者最多 {limit} 个互联网信息服务，本订单后为 {total} 个"),
            format!("one organiser may have {limit} services, this order makes it {total}"),
        );
    }
    if let Some(limit) = book.plan_threshold.value.of(is_person).filter(|limit| total > *limit) {
        findings.add_with_remedy(
            S10,
            Rule::of("plan_threshold", &book.plan_threshold),
            "services",
            (
                format!("同一主办者超过 {limit} 个互联网信息服务（本订单后为 {total} 个），管局要求网站建设方案书"),
                format!("with more than {limit} services of one organiser ({total} after this order) the bureau wants a site plan"),
            ),
            ("提交网站建设方案书", "hand in the site plan (网站建设方案书)"),
        );
    }
}
