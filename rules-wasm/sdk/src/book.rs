//! The rule book of one bureau as data.

use icp_domain::Province;

use crate::judge::{Case, Findings};
use crate::param::{Cite, Param};
use crate::{Date, FooterNumber, OrderType, Severity};

/// Who may be the organiser's person in charge (主体负责人).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegalRepresentative {
    /// Only the legal representative (法定代表人).
    Must,
    /// Somebody else with a letter of authorisation (授权书).
    WithLetter,
    /// Anybody of the unit.
    Free,
}

/// May a person file in a province other than that of the identity card?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossProvincePerson {
    /// No.
    Deny,
    /// With one of these proofs, e.g. 居住证.
    WithProof(&'static [&'static str]),
    /// Yes.
    Allow,
}

/// Who may hold a unit's domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainHolder {
    /// The unit alone.
    Unit,
    /// The unit or its legal representative.
    UnitOrLegalRepresentative,
    /// Also shareholders and senior managers, with proof.
    UnitPlus,
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
    /// The number for a person or a unit.
    pub const fn of(self, is_person: bool) -> Option<u32> {
        if is_person { self.person } else { self.unit }
    }
}

/// How many different phone numbers the two persons in charge must leave between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DistinctPhones {
    /// When one person is both.
    pub same_person: usize,
    /// When they are two persons.
    pub different_persons: usize,
}

/// Whom a document is asked from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedFrom {
    /// Every organiser.
    Everybody,
    /// Units (everything that is not a person).
    Units,
    /// Persons.
    Persons,
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
    /// Text form of the material, e.g. `commitment`.
    pub kind: &'static str,
    /// Materials that serve as well when the organiser is a person or P1 and P2 are the same person.
    pub also_if_same_person: &'static [&'static str],
    /// Whom it is asked from.
    pub from: AskedFrom,
    /// What it is about.
    pub of: DocumentOf,
    /// Its name in Chinese.
    pub title_zh: &'static str,
    /// Its name in English.
    pub title_en: &'static str,
    /// How it must look.
    pub note_zh: Option<&'static str>,
    /// Working days for which it is good after its date.
    pub max_age_working_days: Option<Param<u32>>,
    /// Who asks for it.
    pub cite: Cite,
    /// What its absence weighs.
    pub severity: Severity,
}

/// A word in a name or business that needs a licence first (前置审批).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicensedWords {
    /// What the licence is for.
    pub topic_zh: &'static str,
    /// The same in English.
    pub topic_en: &'static str,
    /// The paper.
    pub permit_zh: &'static str,
    /// Words that point to it.
    pub words: &'static [&'static str],
}

/// Words that ask for something in the remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemarkForWords {
    /// Words in the name of the service or organiser.
    pub words: &'static [&'static str],
    /// What the remark must say.
    pub remark_zh: &'static str,
    /// The same in English.
    pub remark_en: &'static str,
}

/// The complete rule book of one bureau: national values unless the province says otherwise.
///
/// A field's name is the rule's name in findings. A new parameter is a field here, its national value in
/// [`crate::national`], its check in [`crate::judge`] and its line in [`crate::describe`].
#[derive(Debug, Clone, Copy)]
pub struct ProvinceBook {
    // ---- whose book
    /// The bureau's province.
    pub province: Province,
    /// Name of the bureau, e.g. `广东省通信管理局`.
    pub bureau: &'static str,
    /// Version of this book.
    pub version: &'static str,
    /// First day on which it applies.
    pub effective_from: Date,
    /// Last day on which it applies.
    pub effective_to: Option<Date>,

    // ---- the order
    /// Kinds of order that this book can judge.
    pub order_types: Param<&'static [OrderType]>,
    /// One order in flight per organiser.
    pub one_order_in_flight: Param<bool>,
    /// Services in one order.
    pub services_per_order: Param<PerNature>,
    /// Services of one organiser in all.
    pub services_total_max: Param<PerNature>,
    /// Above this number of services of one organiser the bureau wants a plan (网站建设方案书).
    pub plan_threshold: Param<PerNature>,

    // ---- the organiser
    /// Certificates (证件类型) that each nature (单位性质) may use.
    pub certificates_by_nature: Param<&'static [(u16, &'static [u16])]>,
    /// Identity documents that a person may not file with here.
    pub id_kinds_deny_person: Param<&'static [u16]>,
    /// Numbers must have their form and check digit.
    pub certificate_numbers: Param<bool>,
    /// Days for which the organiser's certificate must still be valid.
    pub licence_min_days: Param<u32>,
    /// A unit files in the province that issued its licence.
    pub unit_in_province: Param<bool>,
    /// Persons with an identity card of another province.
    pub xprov_person: Param<CrossProvincePerson>,
    /// The postal address goes down to the door number.
    pub address_complete: Param<bool>,
    /// Cities (code, name) of the province when postal address and licence address must be in the same city.
    pub address_same_city: Param<&'static [(u32, &'static str)]>,
    /// Name, number and standing agree with the enterprise register.
    pub register_agrees: Param<bool>,
    /// Who may be P1.
    pub lr_mode: Param<LegalRepresentative>,

    // ---- the persons in charge
    /// Days for which an identity document must still be valid.
    pub id_min_days: Param<u32>,
    /// Least age of a unit's persons in charge.
    pub min_age_unit: Param<u8>,
    /// Least age of a person who files.
    pub min_age_person: Param<u8>,
    /// Below this age a proof of employment or income is wanted.
    pub minor_proof_below: Param<u8>,
    /// A person who files is P1 and P2.
    pub person_is_in_charge: Param<bool>,
    /// Form of a mobile number.
    pub mobile_format: Param<bool>,
    /// Form of an e-mail address.
    pub email_format: Param<bool>,
    /// P1 and P2, when they differ, leave different mobiles and e-mails.
    pub distinct_contacts: Param<bool>,
    /// The emergency phone is not the person's own mobile.
    pub emergency_differs: Param<bool>,
    /// Different numbers over all phone fields.
    pub distinct_phones: Param<DistinctPhones>,
    /// A mobile serves one organiser.
    pub phone_unique_across_subjects: Param<bool>,

    // ---- names
    /// Least number of Chinese characters in a service's name.
    pub name_min_han: Param<usize>,
    /// Not only digits or Latin, no special characters, not the domain.
    pub name_not_plain: Param<bool>,
    /// Words of the state that nobody else may use.
    pub name_state_words: Param<&'static [&'static str]>,
    /// Words that nobody may use.
    pub name_sensitive_words: Param<&'static [&'static str]>,
    /// Words that this bureau allows nobody.
    pub name_deny_all: Param<&'static [&'static str]>,
    /// Words that persons may not use anywhere.
    pub name_deny_person_national: Param<&'static [&'static str]>,
    /// Words that this bureau does not allow persons.
    pub name_deny_person: Param<&'static [&'static str]>,
    /// A person's site does not carry a person's name.
    pub name_not_own: Param<bool>,
    /// A unit's site is named after the unit or its business.
    pub name_related: Param<bool>,

    // ---- domains
    /// Domains of a new website.
    pub domains_per_website: Param<u32>,
    /// Form of a domain.
    pub domain_format: Param<bool>,
    /// Only the registrable domain is filed.
    pub domain_registrable: Param<bool>,
    /// Suffixes that alone are accepted; empty is every one.
    pub suffix_allow: Param<&'static [&'static str]>,
    /// The domain is in the registrars' database and real-named.
    pub domain_real_named: Param<bool>,
    /// Days for which the domain must still be registered.
    pub domain_min_days: Param<u32>,
    /// Who may hold it.
    pub domain_holder: Param<DomainHolder>,
    /// The home page lies under the domain.
    pub home_in_domain: Param<bool>,

    // ---- contents and licences
    /// Service contents (服务内容) that persons may choose.
    pub content_allow_person: Param<&'static [u16]>,
    /// Service contents that this bureau does not allow persons.
    pub content_deny_person: Param<&'static [u16]>,
    /// Service content 其他 is explained in the remark.
    pub content_other_remark: Param<bool>,
    /// Service contents that need a licence first.
    pub content_licensed: Param<&'static [u16]>,
    /// Words that need a licence first.
    pub licensed_words: Param<&'static [LicensedWords]>,
    /// Words that need a licence first here only.
    pub licensed_words_here: Param<&'static [LicensedWords]>,
    /// Words that ask for a remark here.
    pub remark_for_words: Param<&'static [RemarkForWords]>,

    // ---- access
    /// Access method, place and address are given, in the mainland.
    pub access_complete: Param<bool>,

    // ---- materials
    /// Media types of pictures.
    pub picture_media_types: Param<&'static [&'static str]>,
    /// Largest picture in bytes.
    pub picture_bytes_max: Param<u64>,
    /// Documents that every bureau asks for.
    pub documents_national: &'static [Document],
    /// Documents that this bureau asks for.
    pub documents: &'static [Document],

    // ---- after the approval
    /// Which number stands in the footer.
    pub footer_number: Param<FooterNumber>,
    /// Whether an organiser without any service (空壳主体) may add one directly.
    pub shell_subject_add: Param<bool>,
    /// Working days that the bureau may take.
    pub bureau_sla_wd: Param<u32>,

    // ---- what data cannot say
    /// Rules of this bureau in code.
    pub extra: fn(&Case<'_>, &mut Findings),
}
