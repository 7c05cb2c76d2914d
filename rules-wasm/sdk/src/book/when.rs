//! Conditions: for which orders something is asked.

use crate::{Date, OrderType, ServiceKind};

use super::Counting;

/// Whom something is asked from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Nobody.
    Nobody,
    /// Every organiser.
    Everybody,
    /// Units (everything that is not a person).
    Units,
    /// Persons.
    Persons,
}

impl Whom {
    /// Whether a person or unit is meant.
    pub const fn includes(self, is_person: bool) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Units => !is_person,
            Self::Persons => is_person,
        }
    }
}

/// For which orders something is asked: type, organiser and further conditions, all of which must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct When {
    /// Types of order; empty is every type that brings data.
    pub order_types: &'static [OrderType],
    /// Whose order.
    pub from: Whom,
    /// Further conditions.
    pub all: &'static [If],
}

impl When {
    /// Every order.
    pub const ALWAYS: Self = Self { order_types: &[], from: Whom::Everybody, all: &[] };
    /// Orders of units.
    pub const UNITS: Self = Self { from: Whom::Units, ..Self::ALWAYS };
    /// Orders of persons.
    pub const PERSONS: Self = Self { from: Whom::Persons, ..Self::ALWAYS };

    /// … of these types.
    pub const fn types(self, order_types: &'static [OrderType]) -> Self {
        Self { order_types, ..self }
    }

    /// … if all of these hold.
    pub const fn when(self, all: &'static [If]) -> Self {
        Self { all, ..self }
    }
}

/// One condition. What is not known does not hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum If {
    /// 单位性质 is one of these.
    Nature(&'static [u16]),
    /// 单位性质 is none of these.
    NatureNot(&'static [u16]),
    /// 证件类型 of the organiser is one of these.
    CertificateKind(&'static [u16]),
    /// 个体工商户: a credit code that begins with 92.
    SoleTrader,
    /// 个体工商户 without a trade name (字号): named like its owner, or not at all.
    SoleTraderWithoutName,
    /// P1 is not the legal representative.
    PrincipalNotRepresentative,
    /// P2 is not the legal representative.
    ServicePrincipalNotRepresentative,
    /// P1 and P2 are different persons.
    PrincipalsDiffer,
    /// P1 and P2 are one person.
    PrincipalsSame,
    /// The legal representative's identity document is none of the mainland.
    ForeignRepresentative,
    /// P1's identity document is of one of these kinds (证件类型).
    PrincipalIdKind(&'static [u16]),
    /// P1's identity card is of another province.
    PrincipalFromElsewhere,
    /// P2's identity card is of another province.
    ServicePrincipalFromElsewhere,
    /// A person in charge is younger than this.
    YoungerThan(u8),
    /// One of these words is in the name of site or organiser.
    Words(&'static [&'static str]),
    /// One of these words is in the name of the site.
    SiteWords(&'static [&'static str]),
    /// One of these words is in the name of the organiser.
    OrganiserWords(&'static [&'static str]),
    /// One of these words is in the business scope (经营范围); persons have none.
    ScopeWords(&'static [&'static str]),
    /// One of these words is in the postal address.
    AddressWords(&'static [&'static str]),
    /// More than so many are counted.
    MoreThan(u32, Counting),
    /// The service is of one of these kinds.
    ServiceKind(&'static [ServiceKind]),
    /// One of these service contents (服务内容) is chosen.
    Content(&'static [u16]),
    /// A service content other than these is chosen.
    ContentOtherThan(&'static [u16]),
    /// A licence given first (前置审批) is named.
    PreApproved,
    /// None is named.
    NotPreApproved,
    /// The service has more than so many domains.
    DomainsAbove(u32),
    /// The service has more than so many addresses.
    AddressesAbove(u32),
    /// The service's addresses stand in several provinces.
    AddressesInSeveralProvinces,
    /// A domain's holder is not the organiser itself.
    DomainNotOfOrganiser,
    /// A domain is registered abroad.
    RegistrarAbroad,
    /// Another service of this organiser has the same name.
    NameTwice,
    /// The organiser on record has one of these natures (单位性质).
    RecordedNature(&'static [u16]),
    /// The organiser's name differs from the record.
    Renamed,
    /// P1 differs from the record.
    PrincipalChanged,
    /// P2 differs from the record.
    ServicePrincipalChanged,
    /// The service was filed before this day.
    FiledBefore(Date),
    /// The service was filed on this day or later.
    FiledSince(Date),
    /// A phone of P1 or P2 for offices (办公电话) is missing.
    NoOfficePhone,
    /// Not so.
    Not(&'static If),
}
