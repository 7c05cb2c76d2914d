//! Whether a condition of the book holds for an order.

use icp_domain::names::is_same_name;

use super::{At, Case, is_same_person};
use crate::book::{Counting, If, When};
use crate::text::{comparable, contains_any, is_blank};
use crate::{InternetService, OrderType};

/// Types that bring nothing but a wish: conditions without types do not mean them.
const TYPES_WITHOUT_DATA: [OrderType; 4] =
    [OrderType::ChangeAccess, OrderType::DeregisterOrganiser, OrderType::DeregisterService, OrderType::CancelAccess];

/// Whether something is asked for this order, or for one of its services.
pub(crate) fn holds(case: &Case<'_>, when: &When, service: Option<usize>) -> bool {
    let order_type = case.order.order_type;
    let is_type = if when.order_types.is_empty() {
        !TYPES_WITHOUT_DATA.contains(&order_type)
    } else {
        when.order_types.contains(&order_type)
    };
    is_type && when.from.includes(case.is_person()) && when.all.iter().all(|condition| is(case, condition, service))
}

/// How much there is of something.
pub(crate) fn count(case: &Case<'_>, counting: Counting) -> Option<u32> {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let services = number(case.order.services.len());
    let domains = || number(case.order.services.iter().map(|service| service.domains.len()).sum());
    Some(match counting {
        Counting::ServicesInOrder => services,
        Counting::DomainsInOrder => domains(),
        Counting::ServicesFiled => case.context.filed_services?,
        Counting::ServicesInAll => case.context.filed_services?.saturating_add(services),
        Counting::DomainsInAll => case.context.filed_domains?.saturating_add(domains()),
    })
}

/// Whether a condition holds; for the organiser it is enough when it holds for one of the services.
fn is(case: &Case<'_>, condition: &If, service: Option<usize>) -> bool {
    let organiser = &case.order.organiser;
    let first = &organiser.principal;
    let has = |test: &dyn Fn(At, &InternetService) -> bool| {
        case.services().any(|(at, each)| service.is_none_or(|index| at == At::Service(index)) && test(at, each))
    };
    let from_elsewhere =
        |at: At| case.person_facts(at).and_then(|facts| facts.home).is_some_and(|home| home != case.book.province);
    match *condition {
        If::Nature(natures) => natures.contains(&organiser.nature),
        If::NatureNot(natures) => !natures.contains(&organiser.nature),
        If::CertificateKind(kinds) => kinds.contains(&organiser.certificate.kind),
        If::SoleTrader => case.is_sole_trader(),
        If::SoleTraderWithoutName => case.is_sole_trader_without_name(),
        If::PrincipalNotRepresentative => case.is_representative(first) == Some(false),
        If::ServicePrincipalNotRepresentative => has(&|_, each| case.is_representative(&each.principal) == Some(false)),
        If::PrincipalsDiffer => has(&|_, each| !is_same_person(first, &each.principal)),
        If::PrincipalsSame => has(&|_, each| is_same_person(first, &each.principal)),
        If::ForeignRepresentative => case.is_foreign_representative(),
        If::PrincipalIdKind(kinds) => kinds.contains(&first.id.kind),
        If::PrincipalFromElsewhere => from_elsewhere(At::Principal),
        If::ServicePrincipalFromElsewhere => has(&|at, _| from_elsewhere(at)),
        If::YoungerThan(age) => {
            case.persons().any(|(at, _)| case.person_facts(at).is_some_and(|facts| facts.age < i64::from(age)))
        }
        If::Words(words) => case.organiser_text().contains_any(words) || has(&|at, _| case.site_name_holds(at, words)),
        If::SiteWords(words) => has(&|at, _| case.site_name_holds(at, words)),
        If::OrganiserWords(words) => case.organiser_text().contains_any(words),
        If::ScopeWords(words) => !case.is_person() && case.scope_text().is_some_and(|scope| scope.contains_any(words)),
        If::AddressWords(words) => contains_any(&comparable(&organiser.address.detail), words),
        If::MoreThan(number, counting) => count(case, counting).is_some_and(|count| count > number),
        If::ServiceKind(kinds) => has(&|_, each| kinds.contains(&each.kind)),
        If::Content(contents) => has(&|_, each| each.contents.iter().any(|content| contents.contains(content))),
        If::ContentOtherThan(contents) => {
            has(&|_, each| each.contents.iter().any(|content| !contents.contains(content)))
        }
        If::PreApproved => has(&|_, each| !each.pre_approvals.is_empty()),
        If::NotPreApproved => has(&|_, each| each.pre_approvals.is_empty()),
        If::DomainsAbove(number) => has(&|_, each| each.domains.len() > usize::try_from(number).unwrap_or(usize::MAX)),
        If::AddressesAbove(number) => {
            has(&|_, each| each.access.addresses.len() > usize::try_from(number).unwrap_or(usize::MAX))
        }
        If::AddressesInSeveralProvinces => has(&|_, each| stands_in_several_provinces(case, each)),
        If::DomainNotOfOrganiser => has(&|_, each| {
            answers(case, each).any(|answer| {
                answer.holder_name.as_deref().is_some_and(|holder| !is_same_name(holder, &organiser.name))
            })
        }),
        If::RegistrarAbroad => {
            has(&|_, each| answers(case, each).any(|answer| answer.registrar_approved == Some(false)))
        }
        If::NameTwice => has(&|at, each| is_name_twice(case, at, each)),
        If::RecordedNature(natures) => case.on_record().is_some_and(|record| natures.contains(&record.nature)),
        If::Renamed => case.on_record().is_some_and(|record| !is_same_name(&record.name, &organiser.name)),
        If::PrincipalChanged => case.on_record().is_some_and(|record| {
            record.principal_id_number.as_deref().is_some_and(|number| !number.eq_ignore_ascii_case(&first.id.number))
        }),
        If::ServicePrincipalChanged => has(&|_, each| {
            let recorded = case.recorded(each).and_then(|recorded| recorded.principal_id_number.as_deref());
            recorded.is_some_and(|number| !number.eq_ignore_ascii_case(&each.principal.id.number))
        }),
        If::FiledBefore(day) => has(&|_, each| filed(case, each).is_some_and(|filed| filed < day.days())),
        If::FiledSince(day) => has(&|_, each| filed(case, each).is_some_and(|filed| filed >= day.days())),
        If::NoOfficePhone => case.persons().any(|(_, person)| is_blank(person.office_phone.as_deref())),
        If::Not(condition) => !is(case, condition, service),
    }
}

fn answers<'a>(case: &Case<'a>, service: &InternetService) -> impl Iterator<Item = &'a crate::DomainAnswer> {
    case.context
        .domains
        .iter()
        .filter(|answer| service.domains.iter().any(|domain| domain.eq_ignore_ascii_case(&answer.domain)))
}

fn filed(case: &Case<'_>, service: &InternetService) -> Option<i64> {
    case.recorded(service)?.filed.map(crate::Date::days)
}

fn stands_in_several_provinces(case: &Case<'_>, service: &InternetService) -> bool {
    let Some(places) = case.context.address_places.as_deref() else { return false };
    let mut found = None;
    places
        .iter()
        .filter(|place| service.access.addresses.contains(&place.address))
        .any(|place| *found.get_or_insert(place.province_code) != place.province_code)
}

/// Whether another service of the order or of the record has the same name and another domain.
pub(super) fn is_name_twice(case: &Case<'_>, at: At, service: &InternetService) -> bool {
    let in_order = case.services().any(|(other, _)| other != at && case.site_name(other) == case.site_name(at));
    let own = case.recorded(service);
    let on_record = case.on_record().is_some_and(|record| {
        record.services.iter().any(|recorded| {
            let is_own = own.is_some_and(|own| own.domains == recorded.domains)
                && service.domains.iter().any(|domain| recorded.domains.contains(domain));
            !is_own && comparable(&recorded.name) == case.site_name(at)
        })
    });
    in_order || on_record
}
