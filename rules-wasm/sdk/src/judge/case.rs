//! What is judged, with the facts that several rules read, computed once.

use std::cell::OnceCell;
use std::fmt;

use chrono::Datelike;
use icp_domain::Province;
use icp_domain::identifiers::{CitizenId, IdentifierError, Sex, Uscc};
use icp_domain::names::is_same_name;

use super::{KIND_BUSINESS_LICENCE, KINDS_CITIZEN_NUMBER, KINDS_FROM_OUTSIDE, NATURE_PERSON, Scope};
use crate::book::{Paper, ProvinceBook};
use crate::text::Searchable;
use crate::{Context, Date, InternetService, Material, OnRecord, Order, Person, RecordedService};

/// A part of the form. It is written out only when something is reported: `at.field("name")`, `format!("{at}.name")`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// `organiser`
    Organiser,
    /// `organiser.principal`
    Principal,
    /// `services[…]`
    Service(usize),
    /// `services[…].principal`
    ServicePrincipal(usize),
}

impl At {
    /// The path of a field of this part.
    pub fn field(self, name: &str) -> String {
        format!("{self}.{name}")
    }
}

impl fmt::Display for At {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organiser => formatter.write_str("organiser"),
            Self::Principal => formatter.write_str("organiser.principal"),
            Self::Service(index) => write!(formatter, "services[{index}]"),
            Self::ServicePrincipal(index) => write!(formatter, "services[{index}].principal"),
        }
    }
}

/// What a citizen's number tells of a person in charge.
#[derive(Debug, Clone, Copy)]
pub struct PersonFacts {
    /// Province of the number.
    pub home: Option<Province>,
    /// Full years today.
    pub age: i64,
    /// Odd sequence number.
    pub is_male: bool,
}

/// What is judged.
#[derive(Debug)]
pub struct Case<'a> {
    /// The rule book.
    pub book: &'a ProvinceBook,
    /// The order.
    pub order: &'a Order,
    /// What is known beside it.
    pub context: &'a Context,
    /// Which parts of the order are judged.
    pub scope: Scope,
    is_person: bool,
    organiser_name: Searchable<'a>,
    /// Read when a rule asks for it: it is long.
    business_scope: OnceCell<Option<Searchable<'a>>>,
    site_names: Vec<Searchable<'a>>,
    /// Read when a rule asks for it.
    credit_code: OnceCell<Result<Uscc, IdentifierError>>,
    principal: Option<PersonFacts>,
    service_principals: Vec<Option<PersonFacts>>,
}

impl<'a> Case<'a> {
    /// Reads the facts of an order.
    pub fn new(book: &'a ProvinceBook, order: &'a Order, context: &'a Context) -> Self {
        let facts = |person: &Person| person_facts(person, context.today);
        let principal = facts(&order.organiser.principal);
        let service_principals = order
            .services
            .iter()
            .map(|service| {
                let other = &service.principal;
                if is_same_person(&order.organiser.principal, other) { principal } else { facts(other) }
            })
            .collect();
        Self {
            book,
            order,
            context,
            scope: Scope::of(order.order_type),
            is_person: order.organiser.nature == NATURE_PERSON,
            organiser_name: Searchable::new(&order.organiser.name),
            business_scope: OnceCell::new(),
            credit_code: OnceCell::new(),
            site_names: order.services.iter().map(|service| Searchable::new(&service.name)).collect(),
            principal,
            service_principals,
        }
    }

    /// Whether the organiser is a person.
    pub fn is_person(&self) -> bool {
        self.is_person
    }

    /// 个体工商户: a credit code that begins with 92.
    pub fn is_sole_trader(&self) -> bool {
        let certificate = &self.order.organiser.certificate;
        !self.is_person && certificate.kind == KIND_BUSINESS_LICENCE && certificate.number.starts_with("92")
    }

    /// 个体工商户 without a trade name (字号): named like its owner, or not at all.
    pub fn is_sole_trader_without_name(&self) -> bool {
        let organiser = &self.order.organiser;
        let is_nameless = organiser.name.trim().is_empty() || organiser.name.contains('*');
        let is_owners = self.representative().is_some_and(|owner| is_same_name(owner, &organiser.name))
            || is_same_name(&organiser.principal.name, &organiser.name);
        self.is_sole_trader() && (is_nameless || is_owners)
    }

    /// The services with where they stand in the form.
    pub fn services(&self) -> impl Iterator<Item = (At, &'a InternetService)> + use<'a> {
        self.order.services.iter().enumerate().map(|(index, service)| (At::Service(index), service))
    }

    /// The persons in charge with where they stand in the form: P1, then the P2 of each service.
    pub fn persons(&self) -> impl Iterator<Item = (At, &'a Person)> + use<'a> {
        let first = (At::Principal, &self.order.organiser.principal);
        let others = self
            .order
            .services
            .iter()
            .enumerate()
            .map(|(index, service)| (At::ServicePrincipal(index), &service.principal));
        std::iter::once(first).chain(others)
    }

    /// The persons in charge that this type of order brings or changes.
    pub fn persons_judged(&self) -> impl Iterator<Item = (At, &'a Person)> + use<'a> {
        let (first, others) = (self.scope.organiser, self.scope.services);
        self.persons().filter(move |(at, _)| if *at == At::Principal { first } else { others })
    }

    /// What a person's citizen number tells, where there is a valid one.
    pub fn person_facts(&self, at: At) -> Option<PersonFacts> {
        match at {
            At::Organiser | At::Principal => self.principal,
            At::Service(index) | At::ServicePrincipal(index) => self.service_principals.get(index).copied().flatten(),
        }
    }

    /// What the citizen number of one of the persons in charge tells; so nobody reads it twice.
    pub(crate) fn citizen(&self, number: &str) -> Option<PersonFacts> {
        let found = self.persons().find(|(_, person)| person.id.number == number)?;
        self.person_facts(found.0)
    }

    /// The organiser's number as a unified social credit code.
    pub(crate) fn credit_code(&self) -> &Result<Uscc, IdentifierError> {
        self.credit_code.get_or_init(|| Uscc::parse(&self.order.organiser.certificate.number))
    }

    /// The name of a service, normalised.
    pub fn site_name(&self, at: At) -> &str {
        match at {
            At::Service(index) | At::ServicePrincipal(index) => {
                self.site_names.get(index).map_or("", Searchable::as_str)
            }
            At::Organiser | At::Principal => "",
        }
    }

    /// Whether the name of a service holds one of the words.
    pub fn site_name_holds(&self, at: At, words: &[&str]) -> bool {
        match at {
            At::Service(index) | At::ServicePrincipal(index) => {
                self.site_names.get(index).is_some_and(|name| name.contains_any(words))
            }
            At::Organiser | At::Principal => false,
        }
    }

    /// The name of a service to look for words in.
    pub(crate) fn site_text(&self, index: usize) -> Option<&Searchable<'a>> {
        self.site_names.get(index)
    }

    /// The organiser's name, normalised.
    pub fn organiser_name(&self) -> &str {
        self.organiser_name.as_str()
    }

    /// The organiser's name to look for words in.
    pub(crate) fn organiser_text(&self) -> &Searchable<'a> {
        &self.organiser_name
    }

    /// 经营范围 from the register, normalised.
    pub fn business_scope(&self) -> Option<&str> {
        self.scope_text().map(Searchable::as_str)
    }

    /// 经营范围 to look for words in.
    pub(crate) fn scope_text(&self) -> Option<&Searchable<'a>> {
        let read = || {
            let answer = self.context.enterprise.as_ref()?;
            answer.business_scope.as_deref().map(Searchable::new)
        };
        self.business_scope.get_or_init(read).as_ref()
    }

    /// The legal representative's name: from the register where it shows it in full, else as declared.
    pub fn representative(&self) -> Option<&str> {
        let registered = self.context.enterprise.as_ref().and_then(|answer| answer.legal_representative.as_deref());
        let declared = || self.order.organiser.legal_representative.as_ref().map(|declared| declared.name.as_str());
        registered.filter(|name| !name.contains('*')).or_else(declared)
    }

    /// Whether somebody is the legal representative, where that is known.
    pub fn is_representative(&self, person: &Person) -> Option<bool> {
        if self.is_person {
            return None;
        }
        self.representative().map(|name| is_same_name(name, &person.name))
    }

    /// Whether the legal representative is known to come from outside the mainland.
    pub fn is_foreign_representative(&self) -> bool {
        let organiser = &self.order.organiser;
        let declared = organiser.legal_representative.as_ref().and_then(|declared| declared.id_kind);
        let own =
            Some(organiser.principal.id.kind).filter(|_| self.is_representative(&organiser.principal) == Some(true));
        declared.or(own).is_some_and(|kind| KINDS_FROM_OUTSIDE.contains(&kind))
    }

    /// The organiser as on record.
    pub fn on_record(&self) -> Option<&'a OnRecord> {
        self.context.on_record.as_ref()
    }

    /// The record of a service: the one that shares a domain with it, else the one with its name.
    pub fn recorded(&self, service: &InternetService) -> Option<&'a RecordedService> {
        let services = &self.on_record()?.services;
        let shares = |recorded: &&RecordedService| {
            recorded.domains.iter().any(|domain| service.domains.iter().any(|other| other.eq_ignore_ascii_case(domain)))
        };
        services
            .iter()
            .find(shares)
            .or_else(|| services.iter().find(|recorded| is_same_name(&recorded.name, &service.name)))
    }

    /// The material of one of these papers that was uploaded, if any.
    pub fn material_of(&self, papers: &[Paper]) -> Option<&'a Material> {
        let materials = self.context.materials.as_deref()?;
        materials.iter().find(|material| papers.iter().any(|paper| paper.kind == material.kind))
    }
}

/// Whether two persons in charge are the same person.
pub fn is_same_person(one: &Person, other: &Person) -> bool {
    one.id.number.eq_ignore_ascii_case(&other.id.number)
}

fn person_facts(person: &Person, today: Date) -> Option<PersonFacts> {
    if !KINDS_CITIZEN_NUMBER.contains(&person.id.kind) {
        return None;
    }
    let id = CitizenId::parse(&person.id.number).ok()?;
    let born = id.birth_date();
    let birth = Date {
        year: u16::try_from(born.year()).unwrap_or_default(),
        month: u8::try_from(born.month()).unwrap_or(1),
        day: u8::try_from(born.day()).unwrap_or(1),
    };
    Some(PersonFacts { home: id.province(), age: today.full_years_since(birth), is_male: id.sex() == Sex::Male })
}
