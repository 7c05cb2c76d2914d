//! Which parts of an order are judged, by the description of its type (filing-rules §1.2).

use icp_domain::Part;

use crate::OrderType;

/// Which parts of an order are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The organiser: its data and certificate, and P1.
    pub organiser: bool,
    /// The services: names, contents, licences and remarks, and P2 of each of them with the contacts.
    pub services: bool,
    /// What is said about services asks for a review only: they are approved already.
    pub services_approved: bool,
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

impl Scope {
    /// The parts that are judged for this type: what is verified, and the access that is opened or changed.
    pub fn of(order_type: OrderType) -> Self {
        let row = icp_domain::OrderType::from(order_type).description();
        let (organiser, services) = (row.verified.include_organiser(), row.verified.include_services());
        Self {
            organiser,
            services,
            services_approved: row.services == Part::OnRecordElsewhere,
            domains: match row.services {
                _ if !services => DomainScope::Nothing,
                Part::New => DomainScope::New,
                Part::Changed => DomainScope::Changed,
                Part::Absent | Part::OnRecord | Part::OnRecordElsewhere | Part::Moved | Part::Leaves => {
                    DomainScope::Recorded
                }
            },
            access: services || matches!(row.access, Part::New | Part::Changed),
            materials: organiser || services,
            needs_service: row.services != Part::Absent,
        }
    }
}
