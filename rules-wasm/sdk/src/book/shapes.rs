//! The shapes of parameters.

use super::{Paper, When};
use crate::param::{Cite, Param};
use crate::{OrderType, Severity};

/// Who may be the organiser's person in charge (主体负责人).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegalRepresentative {
    /// Only the legal representative (法定代表人).
    Must,
    /// Only the legal representative; one from Hong Kong, Macau, Taiwan or abroad may authorise a citizen.
    MustUnlessForeign,
    /// Somebody else with a letter of authorisation (授权书).
    WithLetter,
    /// Only certain people, e.g. shareholders or senior managers, with the letter and all of these proofs.
    WithLetterAndProof(&'static [Paper]),
    /// Anybody of the unit.
    Free,
}

/// May a person file in a province other than that of the identity card?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossProvincePerson {
    /// No.
    Deny,
    /// With proof, e.g. 居住证.
    WithProof(Proof),
    /// Yes.
    Allow,
}

/// A proof: one of some papers, and all of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// One of these.
    pub any_of: &'static [Paper],
    /// And all of these.
    pub also: &'static [Paper],
    /// Days for which the paper must still be valid.
    pub min_days: u32,
}

impl Proof {
    /// One of these papers.
    pub const fn any_of(papers: &'static [Paper]) -> Self {
        Self { any_of: papers, also: &[], min_days: 0 }
    }

    /// … and all of those.
    pub const fn also(self, papers: &'static [Paper]) -> Self {
        Self { also: papers, ..self }
    }

    /// … valid for at least so many more days.
    pub const fn valid_for(self, min_days: u32) -> Self {
        Self { min_days, ..self }
    }
}

/// Who may hold a unit's domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainHolder {
    /// The unit alone.
    Unit,
    /// The unit or its legal representative.
    UnitOrLegalRepresentative,
    /// The unit, or its legal representative with this paper of the unit.
    UnitOrLegalRepresentativeWith(Paper),
    /// Also shareholders and senior managers, with one of these proofs.
    UnitPlus(&'static [Paper]),
}

/// A number for units and one for persons; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerNature {
    /// For units.
    pub unit: Option<u32>,
    /// For persons.
    pub person: Option<u32>,
}

impl PerNature {
    /// No limit.
    pub const NONE: Self = Self { unit: None, person: None };

    /// The same number for units and persons.
    pub const fn both(number: u32) -> Self {
        Self { unit: Some(number), person: Some(number) }
    }

    /// A number for units and one for persons.
    pub const fn of_each(unit: u32, person: u32) -> Self {
        Self { unit: Some(unit), person: Some(person) }
    }

    /// Only units.
    pub const fn units(number: u32) -> Self {
        Self { unit: Some(number), person: None }
    }

    /// Only persons.
    pub const fn persons(number: u32) -> Self {
        Self { unit: None, person: Some(number) }
    }

    /// The number for a person or a unit.
    pub const fn of(self, is_person: bool) -> Option<u32> {
        if is_person { self.person } else { self.unit }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Services of this order.
    ServicesInOrder,
    /// Domains of this order.
    DomainsInOrder,
    /// Services on record before this order.
    ServicesFiled,
    /// Services on record and in this order.
    ServicesInAll,
    /// Domains on record and in this order.
    DomainsInAll,
}

/// How much one order may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderLimit {
    /// For these types; empty is every type.
    pub order_types: &'static [OrderType],
    /// Most services or domains.
    pub most: PerNature,
    /// Whether services or domains of the order are counted.
    pub counting: Counting,
    /// Only for organisers with more services on record than this.
    pub if_filed_above: PerNature,
}

impl OrderLimit {
    /// So many services per order.
    pub const fn services(most: PerNature) -> Self {
        Self { order_types: &[], most, counting: Counting::ServicesInOrder, if_filed_above: PerNature::NONE }
    }

    /// So many domains per order.
    pub const fn domains(most: PerNature) -> Self {
        Self { counting: Counting::DomainsInOrder, ..Self::services(most) }
    }

    /// … only for these types.
    pub const fn only(self, order_types: &'static [OrderType]) -> Self {
        Self { order_types, ..self }
    }

    /// … only for organisers with more services on record than this.
    pub const fn if_filed_above(self, filed: PerNature) -> Self {
        Self { if_filed_above: filed, ..self }
    }
}

/// Above a number of services or domains the bureau wants a paper, e.g. the plan (网站建设方案书).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Above these numbers (a threshold “≥ 30” is 29 here).
    pub above: PerNature,
    /// What is counted.
    pub counting: Counting,
    /// What is wanted.
    pub paper: Paper,
}

/// How many different phone numbers the two persons in charge must leave between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DistinctPhones {
    /// When one person is both.
    pub same_person: usize,
    /// When they are two persons.
    pub different_persons: usize,
}

/// Below an age a person in charge brings one of these papers; no papers is no demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeProof {
    /// Below this age.
    pub below: u8,
    /// One of these.
    pub any_of: &'static [Paper],
}

/// Greatest ages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxAges {
    /// Of men.
    pub men: Option<u8>,
    /// Of women.
    pub women: Option<u8>,
}

/// Whose mobile must be one of the province.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MobileLocal {
    /// Nobody's.
    Nobody,
    /// That of persons whose identity card is of another province.
    PersonsFromElsewhere,
    /// That of persons who file.
    Persons,
    /// Everybody's.
    Everybody,
}

/// Whose identity document may not be used for another organiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdUnique {
    /// Nobody's.
    Nobody,
    /// That of a unit's P2.
    ServicePrincipals,
    /// That of all persons in charge.
    Everybody,
}

/// Which data of the record an order must repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MatchSet {
    /// 主办单位名称
    pub name: bool,
    /// 证件号码
    pub number: bool,
    /// 负责人
    pub principal: bool,
    /// 网站负责人
    pub service_principal: bool,
    /// 证件住所
    pub address: bool,
    /// 单位性质, 投资人, 联系方式1
    pub rest: bool,
}

impl MatchSet {
    /// Only present rules.
    pub const NOTHING: Self =
        Self { name: false, number: false, principal: false, service_principal: false, address: false, rest: false };
    /// N
    pub const NAME: Self = Self { name: true, ..Self::NOTHING };
    /// N+P
    pub const NAME_PRINCIPAL: Self = Self { principal: true, ..Self::NAME };
    /// N+I
    pub const NAME_NUMBER: Self = Self { number: true, ..Self::NAME };
    /// N+I+P
    pub const NAME_NUMBER_PRINCIPAL: Self = Self { principal: true, ..Self::NAME_NUMBER };
    /// N+I+P2
    pub const NAME_NUMBER_SERVICE_PRINCIPAL: Self = Self { service_principal: true, ..Self::NAME_NUMBER };
    /// N+I+A
    pub const NAME_NUMBER_ADDRESS: Self = Self { address: true, ..Self::NAME_NUMBER };
    /// All data.
    pub const ALL: Self =
        Self { name: true, number: true, principal: true, service_principal: true, address: true, rest: true };
}

/// What an access (接入备案) must repeat of the old record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessMatch {
    /// For units.
    pub unit: MatchSet,
    /// For persons.
    pub person: MatchSet,
    /// A paper with which a difference passes (变更证明), to be changed at once afterwards.
    pub unless: Option<Paper>,
}

/// An old licence number on record where the licence has a unified social credit code now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldNumber {
    /// First access with the old number, then change.
    AccessFirst,
    /// First change at the old provider, or cancel.
    ChangeFirst,
    /// Not known: a reviewer asks.
    Ask,
}

/// What a change of organiser may turn into what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangePolicy {
    /// Unit to another unit.
    pub unit_to_unit: UnitToUnit,
    /// Unit to person.
    pub unit_to_person: bool,
    /// Person to unit.
    pub person_to_unit: PersonToUnit,
    /// Person to another person.
    pub person_to_person: bool,
    /// The paper for a new name (更名函); `None`: none is asked for.
    pub rename: Option<Paper>,
    /// Whether the certificate's number may change (换证).
    pub number_may_change: bool,
}

/// A unit becomes another unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitToUnit {
    /// Freely.
    Free,
    /// Never: only its own new name.
    RenameOnly,
    /// When the names are related, or with this proof.
    Related(Paper),
    /// When both have the same legal representative.
    SameLegalRepresentative,
}

/// A person becomes a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonToUnit {
    /// Freely.
    Free,
    /// When the person is the unit's legal representative.
    IfLegalRepresentative,
    /// Never.
    Never,
}

impl ChangePolicy {
    /// Free both ways.
    pub const FREE: Self = Self {
        unit_to_unit: UnitToUnit::Free,
        unit_to_person: true,
        person_to_unit: PersonToUnit::Free,
        person_to_person: true,
        rename: None,
        number_may_change: true,
    };
}

/// Must the sites on record be open when something is added?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteOpen {
    /// They may be closed.
    MayBeClosed,
    /// Open.
    MustBeOpen,
    /// Open, with the number in the footer.
    MustBeOpenWithNumber,
    /// Open where the filing is older than so many days.
    MustBeOpenAfterDays(u32),
    /// They may be closed; one that is open shows its number in the footer.
    OpenOnlyWithNumber,
}

/// Who confirms the ministry's SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsTo {
    /// Nobody.
    Nobody,
    /// P1.
    Organiser,
    /// P2 of each service.
    Services,
    /// P2 of each service, on the number on record.
    ServicesOnRecord,
    /// P1 and P2 of each service.
    Both,
}

/// What holders of a permit for Hong Kong and Macau residents enter as the end of the identity number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsIdTail {
    /// The last six of the number on the front.
    FrontNumber,
    /// The last six of the Hong Kong or Macau identity number on the back, brackets included.
    NumberOnBack,
}

/// Copies of certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// No.
    Never,
    /// With stamp or finger print, which a reviewer looks for.
    WithStamp,
}

/// Something that only a reviewer can decide; it stands in the checklist of the requirements.
#[derive(Debug, Clone, Copy)]
pub struct ReviewItem {
    /// Stable name.
    pub name: &'static str,
    /// Code of the catalogue that a breach would have.
    pub code: crate::catalogue::Code,
    /// Path of the field.
    pub field: &'static str,
    /// The bureau's wording.
    pub text_zh: &'static str,
    /// The same in English.
    pub text_en: &'static str,
    /// When it is looked at.
    pub when: When,
    /// Who asks for it.
    pub cite: Cite,
}

impl ReviewItem {
    /// An item for every order that is reviewed.
    pub const fn new(
        name: &'static str,
        code: crate::catalogue::Code,
        field: &'static str,
        (text_zh, text_en): (&'static str, &'static str),
        cite: Cite,
    ) -> Self {
        Self { name, code, field, text_zh, text_en, when: When::ALWAYS, cite }
    }

    /// … only then.
    pub const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }
}

/// How long a document is good after its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoodFor {
    /// Calendar days.
    Days(u32),
    /// Mondays to Fridays.
    WorkingDays(u32),
}

/// What a document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentOf {
    /// The organiser; once per order.
    Organiser,
    /// Each service.
    EachService,
}

/// A document to collect.
#[derive(Debug, Clone, Copy)]
pub struct Document {
    /// The paper.
    pub paper: Paper,
    /// Others that serve as well.
    pub or: &'static [Paper],
    /// Kinds of materials that serve as well when the organiser is a person or P1 and P2 are the same person.
    pub also_if_same_person: &'static [&'static str],
    /// When it is asked for.
    pub when: When,
    /// What it is about.
    pub of: DocumentOf,
    /// How it must look.
    pub note_zh: Option<&'static str>,
    /// How long it is good after its date.
    pub good_for: Option<Param<GoodFor>>,
    /// Who asks for it.
    pub cite: Cite,
    /// What its absence weighs.
    pub severity: Severity,
}

impl Document {
    /// A document of the organiser; it weighs what its source's confidence says.
    pub const fn new(paper: Paper, cite: Cite) -> Self {
        Self {
            paper,
            or: &[],
            also_if_same_person: &[],
            when: When::ALWAYS,
            of: DocumentOf::Organiser,
            note_zh: None,
            good_for: None,
            cite,
            severity: cite.default_severity(),
        }
    }

    /// … only then.
    pub const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    /// … or one of these.
    pub const fn or(self, or: &'static [Paper]) -> Self {
        Self { or, ..self }
    }

    /// … for each service.
    pub const fn each_service(self) -> Self {
        Self { of: DocumentOf::EachService, ..self }
    }

    /// … with how it must look.
    pub const fn note(self, note_zh: &'static str) -> Self {
        Self { note_zh: Some(note_zh), ..self }
    }

    /// … good for so long after its date.
    pub const fn good_for(self, limit: GoodFor, cite: Cite) -> Self {
        Self { good_for: Some(Param::new(limit, cite)), ..self }
    }

    /// … with this weight.
    pub const fn weighing(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// … served as well by these materials when the organiser is a person or P1 and P2 are the same person.
    pub const fn same_person(self, kinds: &'static [&'static str]) -> Self {
        Self { also_if_same_person: kinds, ..self }
    }
}
