//! The order-type matrix (filing-rules §1.2): which parts of an order are judged for which type.

use crate::OrderType;

/// Which parts of an order are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Data and certificate of the organiser.
    pub organiser: bool,
    /// P1: identity, age, legal representative.
    pub principal: bool,
    /// Names, contents, licences and remarks of the services.
    pub services: bool,
    /// What is said about services asks for a review only: they are approved already.
    pub services_approved: bool,
    /// P2 of each service, and the contacts.
    pub service_principals: bool,
    /// Domains.
    pub domains: DomainScope,
    /// Access data.
    pub access: bool,
    /// Materials.
    pub materials: bool,
    /// The order must hold a service.
    pub needs_service: bool,
}

/// How domains are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainScope {
    /// Not at all.
    Nothing,
    /// As those of a new service.
    New,
    /// As those of a service on record.
    Recorded,
    /// As those of a change.
    Changed,
}

const NOTHING: Scope = Scope {
    organiser: false,
    principal: false,
    services: false,
    services_approved: false,
    service_principals: false,
    domains: DomainScope::Nothing,
    access: false,
    materials: false,
    needs_service: true,
};

const EVERYTHING: Scope = Scope {
    organiser: true,
    principal: true,
    services: true,
    services_approved: false,
    service_principals: true,
    domains: DomainScope::New,
    access: true,
    materials: true,
    needs_service: true,
};

impl Scope {
    /// The parts that are judged for this type.
    pub const fn of(order_type: OrderType) -> Self {
        match order_type {
            OrderType::FirstFiling | OrderType::AddServiceElsewhere => EVERYTHING,
            OrderType::AddService => Self { organiser: false, principal: false, ..EVERYTHING },
            OrderType::AddAccess | OrderType::ContinueAccess => Self {
                organiser: false,
                principal: false,
                services_approved: true,
                domains: DomainScope::Recorded,
                ..EVERYTHING
            },
            OrderType::ChangeOrganiser => {
                Self { organiser: true, principal: true, materials: true, needs_service: false, ..NOTHING }
            }
            OrderType::ChangeService => {
                Self { organiser: false, principal: false, domains: DomainScope::Changed, ..EVERYTHING }
            }
            OrderType::ChangeBoth => Self { domains: DomainScope::Changed, ..EVERYTHING },
            OrderType::Migrate => Self { domains: DomainScope::Recorded, ..EVERYTHING },
            OrderType::ChangeAccess => Self { access: true, ..NOTHING },
            OrderType::DeregisterOrganiser => Self { needs_service: false, ..NOTHING },
            OrderType::DeregisterService | OrderType::CancelAccess => NOTHING,
        }
    }
}
