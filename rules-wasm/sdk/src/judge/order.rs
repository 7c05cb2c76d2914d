//! The order as a whole: kind, province, number of services, orders in flight.

use super::condition::count;
use super::{Case, Findings, Rule};
use crate::book::Counting;
use crate::catalogue::{S03, S06, S07, S10};
use crate::national::DECREE_33;
use crate::{OrderType, ServiceKind, Severity};

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    kind_and_province(case, findings);
    in_flight(case, findings);
    number(case, findings);
    limits(case, findings);
    migration(case, findings);
}

fn kind_and_province(case: &Case<'_>, findings: &mut Findings) {
    let (book, order) = (case.book, case.order);
    if !book.order_types.value.contains(&order.order_type) {
        findings.add(
            S07,
            Rule::of("order_types", &book.order_types),
            "order_type",
            format_args!("{}不受理此备案类型", book.bureau),
            "this bureau does not take orders of this type",
        );
    }
    if order.province != book.province.letters() {
        findings.add(
            S03,
            Rule::new("province", Severity::Block, DECREE_33),
            "province",
            format_args!("订单属于 {}，不由{}审核", order.province, book.bureau),
            format_args!("the order belongs to {}, not to the bureau of {}", order.province, book.province.letters()),
        );
    }
}

fn in_flight(case: &Case<'_>, findings: &mut Findings) {
    let rule = &case.book.one_order_in_flight;
    let count = case.context.orders_in_flight.unwrap_or_default();
    if rule.value && count > 0 && case.order.order_type != OrderType::CancelAccess {
        findings.add(
            S06,
            Rule::of("one_order_in_flight", rule),
            "organiser.certificate.number",
            format_args!("主办者冲突：该主办者另有 {count} 个进行中的订单"),
            format_args!("the organiser has {count} other orders in flight"),
        );
    }
}

fn number(case: &Case<'_>, findings: &mut Findings) {
    let in_order = case.order.services.len();
    if in_order == 0 && case.scope.needs_service {
        findings.add(
            S10,
            Rule::new("order_holds_service", Severity::Block, DECREE_33),
            "services",
            "订单中没有互联网信息服务",
            "the order holds no internet service",
        );
    }
    if in_order > 1 && case.order.order_type == OrderType::DeregisterService {
        findings.add(
            S10,
            Rule::new("order_holds_service", Severity::Block, DECREE_33),
            "services",
            "每次只能注销一个互联网信息服务",
            "services are deregistered one at a time",
        );
    }
}

fn limits(case: &Case<'_>, findings: &mut Findings) {
    let book = case.book;
    let is_person = case.is_person();
    for limit in book.order_limits.value {
        let is_type = limit.order_types.is_empty() || limit.order_types.contains(&case.order.order_type);
        let is_large = match limit.if_filed_above.of(is_person) {
            None => limit.if_filed_above == crate::book::PerNature::NONE,
            Some(above) => case.context.filed_services.is_some_and(|filed| filed > above),
        };
        let (Some(most), Some(found)) = (limit.most.of(is_person), count(case, limit.counting)) else { continue };
        if !is_type || !is_large || found <= most || !case.scope.needs_service {
            continue;
        }
        let (what_zh, what_en) = match limit.counting {
            Counting::DomainsInOrder | Counting::DomainsInAll => ("域名", "domains"),
            Counting::ServicesInOrder | Counting::ServicesFiled | Counting::ServicesInAll => {
                ("互联网信息服务", "services")
            }
        };
        findings.add(
            S10,
            Rule::of("order_limits", &book.order_limits),
            "services",
            format_args!("每个订单最多 {most} 个{what_zh}，当前 {found} 个"),
            format_args!("one order may hold {most} {what_en}, this one holds {found}"),
        );
    }
    let adds = matches!(
        case.order.order_type,
        OrderType::FirstFiling | OrderType::AddService | OrderType::AddServiceElsewhere | OrderType::Migrate
    );
    let Some(total) = count(case, Counting::ServicesInAll).filter(|_| adds) else { return };
    if let Some(limit) = book.services_total_max.value.of(is_person).filter(|limit| total > *limit) {
        findings.add(
            S10,
            Rule::of("services_total_max", &book.services_total_max),
            "services",
            format_args!("同一主办者最多 {limit} 个互联网信息服务，本订单后为 {total} 个"),
            format_args!("one organiser may have {limit} services, this order makes it {total}"),
        );
    }
}

fn migration(case: &Case<'_>, findings: &mut Findings) {
    if case.order.order_type != OrderType::Migrate {
        return;
    }
    let param = &case.book.migrate;
    let rule = Rule::of("migrate", param);
    if !param.value {
        findings.add(
            S07,
            rule,
            "order_type",
            format_args!("{}不支持迁移备案，请先注销再备案", case.book.bureau),
            "this bureau knows no migration between organisers: cancel, then file",
        );
    }
    if case.is_person() {
        findings.add(S07, rule, "organiser.nature", "迁移备案的目标不得为个人", "a person cannot take over a service");
    }
    for (at, service) in case.services() {
        if service.kind == ServiceKind::App {
            findings.add(S07, rule, at.field("kind"), "迁移备案不支持 APP", "Apps cannot be migrated");
        }
    }
}
