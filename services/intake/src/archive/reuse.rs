//! The content of an order from an earlier one: nobody types again what was declared before. What its outcome has used up
//! is left out.

use icp_domain::{Cancellation, Filing, OrderType, Part};

use super::prefill::{Origin, Prefilled};
use crate::order::{Order, Phase};

/// The filing for an order of this type; `earlier` is what the order `before` declares.
pub fn reuse(earlier: Filing, before: &Order, order_type: OrderType, cancellation: Option<Cancellation>) -> Prefilled {
    let (row, was) = (order_type.description(), before.description());
    let is_cancelled = before.phase == Phase::Cancelled;
    let is_organiser_gone = is_cancelled && was.organiser == Part::Leaves;
    let are_services_gone = is_organiser_gone || is_cancelled && was.services == Part::Leaves;
    let are_on_record = before.phase == Phase::Approved || was.services.is_on_record();
    let mut origins = vec![("organiser", Origin::Order)];

    let mut organiser = earlier.organiser;
    let known = numbered(before.organiser_number.as_ref()).or(organiser.number);
    organiser.number = known.filter(|_| row.organiser.is_on_record() && !is_organiser_gone);
    if row.organiser.is_on_record() {
        origins.push(("organiser.number", origin_of(organiser.number.is_some())));
    }

    let mut services = earlier.services;
    services.truncate(row.max_services);
    // What is on record is not filed a second time, and what is not cannot be changed.
    let do_fit = !are_services_gone && row.services.is_on_record() == are_on_record;
    if !do_fit {
        services.clear();
    }
    for (index, service) in services.iter_mut().enumerate() {
        let known = numbered(before.service_numbers.get(index)).or(service.number.take());
        service.number = known.filter(|_| row.services.is_on_record());
    }
    if row.max_services > 0 {
        origins.push(("services", origin_of(!services.is_empty())));
    }
    origins.extend(cancellation.as_ref().map(|_| ("cancellation", Origin::Request)));
    Prefilled { filing: Filing { order_type, province: earlier.province, organiser, services, cancellation }, origins }
}

fn numbered(number: Option<&String>) -> Option<String> {
    number.filter(|number| !number.is_empty()).cloned()
}

fn origin_of(is_kept: bool) -> Origin {
    if is_kept { Origin::Order } else { Origin::LeftOut }
}

#[cfg(test)]
mod tests {
    use icp_domain::Province;
    use icp_testkit::filings::{company_filing, filing_of_type};

    use super::*;

    const ORGANISER: &str = "粤ICP备2026000001号";
    const SERVICE: &str = "粤ICP备2026000001号-1";

    fn ended(order_type: OrderType, phase: Phase) -> Order {
        let is_numbered = matches!(phase, Phase::Approved | Phase::Cancelled);
        Order {
            order_type,
            phase,
            organiser_number: is_numbered.then(|| ORGANISER.to_owned()),
            service_numbers: if is_numbered { vec![SERVICE.to_owned()] } else { Vec::new() },
            ..Order::default()
        }
    }

    #[test]
    fn what_was_withdrawn_begins_again_as_it_was() {
        let earlier = company_filing(Province::Guangdong, 1);
        let before = ended(OrderType::FirstFiling, Phase::Withdrawn);
        let again = reuse(earlier.clone(), &before, OrderType::FirstFiling, None);
        assert_eq!((again.filing, again.origins.len()), (earlier, 2));
    }

    #[test]
    fn what_was_filed_is_named_by_its_numbers_and_not_filed_again() {
        let earlier = company_filing(Province::Guangdong, 1);
        let before = ended(OrderType::FirstFiling, Phase::Approved);
        let begun = |order_type| reuse(earlier.clone(), &before, order_type, None);
        let changed = begun(OrderType::ChangeService);
        assert_eq!(changed.filing.organiser.number.as_deref(), Some(ORGANISER));
        assert_eq!(changed.filing.services[0].number.as_deref(), Some(SERVICE));
        assert_eq!(changed.told(), "organiser=order, organiser.number=order, services=order");
        assert_eq!(crate::content::validate(&changed.filing), Vec::new());
        let added = begun(OrderType::AddService);
        assert_eq!((added.filing.organiser.number.as_deref(), added.filing.services.len()), (Some(ORGANISER), 0));
        assert_eq!(added.told(), "organiser=order, organiser.number=order, services=left-out");
        let moved = begun(OrderType::ChangeOrganiser);
        assert_eq!((moved.filing.services.len(), moved.told().contains("services")), (0, false));
    }

    #[test]
    fn what_has_left_the_record_is_left_out() {
        let reason = Some(Cancellation { reason: 1, note: None });
        for (order_type, number) in
            [(OrderType::DeregisterService, Some(ORGANISER)), (OrderType::DeregisterOrganiser, None)]
        {
            let earlier = filing_of_type(order_type, Province::Guangdong, 1);
            let before = ended(order_type, Phase::Cancelled);
            let begun = reuse(earlier, &before, OrderType::CancelAccess, reason.clone());
            assert_eq!((begun.filing.organiser.number.as_deref(), begun.filing.services.len()), (number, 0));
            assert_eq!(begun.filing.cancellation, reason);
            assert!(begun.told().ends_with("services=left-out, cancellation=request"), "{}", begun.told());
        }
    }
}
