//! How the shapes of parameters change. Every field is named: a new one does not compile until it is changed here
//! too, or listed among those that are only shown.

use super::{Changed, Mutate, becomes, nested, others};
use crate::book::*;
use crate::judge::NATURE_PERSON;
use crate::{FooterNumber, OrderType, ServiceKind};

/// A paper that nobody asks for.
const ANOTHER: Paper = paper::OTHER;

/// Changes field by field; fields after `shown` are texts that only a reader sees.
macro_rules! fields {
    ($(
        $shape:ident { $($field:ident),* $(; shown $($text:ident),*)? } $(called $label:expr,)? $(silent $silent:expr)?;
    )*) => {
        $(impl Mutate for $shape {
            fn mutants(&self) -> Vec<Changed<Self>> {
                let Self { $($field,)* $($($text: _),*)? } = self;
                let mut list = Vec::new();
                $(list.extend(nested($field.mutants(), concat!(".", stringify!($field)), |$field| Self { $field, ..*self }));)*
                list
            }

            $(fn label(&self) -> String {
                let label: fn(&Self) -> &'static str = $label;
                label(self).to_owned()
            })?

            $(fn is_silent(&self) -> bool {
                let silent: fn(&Self) -> bool = $silent;
                silent(self)
            })?
        })*
    };
}

/// Changes to each other choice. The macro's `match` does not compile when a choice is missing.
macro_rules! choices {
    ($($shape:ident { $($choice:ident),* } $(silent $silent:ident)?;)*) => {
        $(impl Mutate for $shape {
            fn mutants(&self) -> Vec<Changed<Self>> {
                match self {
                    $(Self::$choice)|* => others(self, &[$(Self::$choice),*]),
                }
            }

            $(fn is_silent(&self) -> bool {
                *self == Self::$silent
            })?
        })*
    };
}

choices! {
    Counting { ServicesInOrder, DomainsInOrder, ServicesFiled, ServicesInAll, DomainsInAll };
    MobileLocal { Nobody, PersonsFromElsewhere, Persons, Everybody } silent Nobody;
    IdUnique { Nobody, ServicePrincipals, Everybody } silent Nobody;
    RemarkOf { Organiser, Service };
    TextField {
        ServiceName, OrganiserName, PostalAddress, LicenceAddress, Investor, ServiceRemark, OrganiserRemark,
        DomainPrefix, BusinessScope
    };
    // An advice, whatever the parameter weighs.
    OldNumber { AccessFirst, ChangeFirst, Ask } silent AccessFirst;
    PersonToUnit { Free, IfLegalRepresentative, Never } silent Free;
    SmsTo { Nobody, Organiser, Services, ServicesOnRecord, Both };
    SmsIdTail { FrontNumber, NumberOnBack };
    // An advice, whatever the parameter weighs.
    Copies { Never, WithStamp } silent WithStamp;
    DocumentOf { Organiser, EachService };
    Whom { Nobody, Everybody, Units, Persons } silent Nobody;
    FooterNumber { Service, Organiser };
}

fields! {
    Proof { any_of, also, min_days };
    PerNature { unit, person } silent |numbers| *numbers == PerNature::NONE;
    OrderLimit { order_types, most, counting, if_filed_above };
    Plan { above, counting, paper };
    DistinctPhones { same_person, different_persons };
    AgeProof { below, any_of } silent |proof| proof.any_of.is_empty();
    MaxAges { men, women } silent |ages| ages.men.is_none() && ages.women.is_none();
    ContentPermit { contents, from; shown permit_zh } called |permit| permit.permit_zh,;
    RemarkRule { when, of, says; shown remark_zh, remark_en } called |rule| rule.remark_zh,;
    FieldWords { when, field, words; shown message_zh, message_en, remedy_zh, remedy_en } called |words| words.message_zh,;
    MatchSet { name, number, principal, service_principal, address, rest } silent |set| *set == MatchSet::NOTHING;
    ChangePolicy { unit_to_unit, unit_to_person, person_to_unit, person_to_person, rename, number_may_change }
        silent |policy| *policy == ChangePolicy::FREE;
    ReviewItem { when; shown name, code, field, text_zh, text_en, cite } called |item| item.name,;
    Document { paper, or, also_if_same_person, when, of, good_for, severity; shown note_zh, cite } called |document| document.paper.kind,;
}

impl Mutate for Paper {
    fn mutants(&self) -> Vec<Changed<Self>> {
        vec![(format!(": {} → {}", self.kind, ANOTHER.kind), ANOTHER)]
    }

    fn label(&self) -> String {
        self.kind.to_owned()
    }
}

/// Types of order and kinds of services stand in lists: leaving one out is the change.
impl Mutate for OrderType {
    fn mutants(&self) -> Vec<Changed<Self>> {
        Vec::new()
    }
}

impl Mutate for ServiceKind {
    fn mutants(&self) -> Vec<Changed<Self>> {
        Vec::new()
    }
}

macro_rules! options {
    ($($kind:ty: $some:expr),*) => {
        $(impl Mutate for Option<$kind> {
            fn mutants(&self) -> Vec<Changed<Self>> {
                match self {
                    None => vec![(becomes(self, &Some($some)), Some($some))],
                    Some(value) => std::iter::once((becomes(self, &None), None))
                        .chain(nested(value.mutants(), "", Some))
                        .collect(),
                }
            }
        })*
    };
}

options!(u8: 0, u32: 0, Paper: ANOTHER);

impl Mutate for Option<crate::param::Param<GoodFor>> {
    fn mutants(&self) -> Vec<Changed<Self>> {
        let Some(limit) = self else { return Vec::new() };
        let none = std::iter::once((": without".to_owned(), None));
        none.chain(nested(limit.mutants(), "", Some)).collect()
    }
}

impl Mutate for GoodFor {
    fn mutants(&self) -> Vec<Changed<Self>> {
        let (days, of, swapped): (_, fn(u32) -> Self, _) = match self {
            Self::Days(days) => (days, Self::Days, Self::WorkingDays(*days)),
            Self::WorkingDays(days) => (days, Self::WorkingDays, Self::Days(*days)),
        };
        std::iter::once((becomes(self, &swapped), swapped)).chain(nested(days.mutants(), "", of)).collect()
    }
}

/// Smallest sizes; 0 is no limit, so one pixel is none either.
impl Mutate for (u32, u32) {
    fn mutants(&self) -> Vec<Changed<Self>> {
        const LARGE: u32 = 100_000;
        let change = |number: u32| if number == 0 { vec![(becomes(&0, &LARGE), LARGE)] } else { number.mutants() };
        let (first, second) = *self;
        let mut list = nested(change(first), ".0", |first| (first, second));
        list.extend(nested(change(second), ".1", |second| (first, second)));
        list
    }

    fn is_silent(&self) -> bool {
        *self == (0, 0)
    }
}

/// A city: its name is looked for, its code compared.
impl Mutate for (u32, &'static str) {
    const IS_WORD: bool = true;

    fn mutants(&self) -> Vec<Changed<Self>> {
        Vec::new()
    }
}

impl Mutate for (&'static str, crate::Date) {
    fn mutants(&self) -> Vec<Changed<Self>> {
        nested(self.1.mutants(), ".1", |day| (self.0, day))
    }
}

impl Mutate for (OrderType, SmsTo) {
    fn mutants(&self) -> Vec<Changed<Self>> {
        let (of, to) = *self;
        nested(to.mutants(), &format!(".{of:?}"), |to| (of, to))
    }
}

impl<T: Mutate> Mutate for (u16, &'static [T]) {
    fn mutants(&self) -> Vec<Changed<Self>> {
        let (code, list) = *self;
        nested(list.mutants(), &format!(".{code}"), |list| (code, list))
    }
}

impl Mutate for When {
    /// Where a further condition holds for units alone, “units” and “everybody” are the same; so for persons.
    fn mutants(&self) -> Vec<Changed<Self>> {
        let Self { order_types, from, all } = *self;
        let effective = |from: Whom| {
            let meets = |is_person: bool| from.includes(is_person) && all.iter().all(|one| may_hold(one, is_person));
            (meets(false), meets(true))
        };
        let mut list = nested(order_types.mutants(), ".order_types", |order_types| Self { order_types, ..*self });
        let others = from.mutants().into_iter().filter(|(_, other)| effective(*other) != effective(from)).collect();
        list.extend(nested(others, ".from", |from| Self { from, ..*self }));
        list.extend(nested(all.mutants(), ".all", |all| Self { all, ..*self }));
        list
    }
}

/// Whether a condition can hold for persons, or for units.
fn may_hold(condition: &If, is_person: bool) -> bool {
    match condition {
        If::Nature(natures) if is_person => natures.contains(&NATURE_PERSON),
        If::Nature(natures) => natures.iter().any(|nature| *nature != NATURE_PERSON),
        If::NatureNot(natures) => !is_person || !natures.contains(&NATURE_PERSON),
        If::SoleTrader
        | If::SoleTraderWithoutName
        | If::PrincipalNotRepresentative
        | If::ServicePrincipalNotRepresentative
        | If::ScopeWords(_) => !is_person,
        _ => true,
    }
}

/// To each of the other choices, where a choice holds something: those of the same kind differ by what they hold.
fn to_others<T: Copy + std::fmt::Debug>(value: &T, samples: &[T], inner: Vec<Changed<T>>) -> Vec<Changed<T>> {
    let kind = std::mem::discriminant(value);
    let others = samples.iter().filter(|other| std::mem::discriminant(*other) != kind);
    others.map(|other| (becomes(value, other), *other)).chain(inner).collect()
}

impl Mutate for LegalRepresentative {
    fn mutants(&self) -> Vec<Changed<Self>> {
        let inner = match self {
            Self::WithLetterAndProof(papers) => nested(papers.mutants(), "", Self::WithLetterAndProof),
            Self::Must | Self::MustUnlessForeign | Self::WithLetter | Self::Free => Vec::new(),
        };
        let samples =
            [Self::Must, Self::MustUnlessForeign, Self::WithLetter, Self::WithLetterAndProof(&[ANOTHER]), Self::Free];
        to_others(self, &samples, inner)
    }

    fn is_silent(&self) -> bool {
        *self == Self::Free
    }
}

impl Mutate for CrossProvincePerson {
    fn mutants(&self) -> Vec<Changed<Self>> {
        let inner = match self {
            Self::WithProof(proof) => nested(proof.mutants(), "", Self::WithProof),
            Self::Deny | Self::Allow => Vec::new(),
        };
        to_others(self, &[Self::Deny, Self::WithProof(Proof::any_of(&[ANOTHER])), Self::Allow], inner)
    }

    fn is_silent(&self) -> bool {
        *self == Self::Allow
    }
}

impl Mutate for DomainHolder {
    fn mutants(&self) -> Vec<Changed<Self>> {
        let inner = match self {
            Self::UnitOrLegalRepresentativeWith(paper) => {
                nested(paper.mutants(), "", Self::UnitOrLegalRepresentativeWith)
            }
            Self::UnitPlus(papers) => nested(papers.mutants(), "", Self::UnitPlus),
            Self::Unit | Self::UnitOrLegalRepresentative => Vec::new(),
        };
        let samples = [
            Self::Unit,
            Self::UnitOrLegalRepresentative,
            Self::UnitOrLegalRepresentativeWith(ANOTHER),
            Self::UnitPlus(&[ANOTHER]),
        ];
        to_others(self, &samples, inner)
    }
}

impl Mutate for Instead {
    /// Between nothing and a cut of the scope only the remedy's words differ.
    fn mutants(&self) -> Vec<Changed<Self>> {
        let commitment = Self::Commitment(ANOTHER);
        match self {
            Self::Commitment(paper) => to_others(self, &[Self::Nothing], nested(paper.mutants(), "", Self::Commitment)),
            Self::Nothing | Self::CutScope => vec![(becomes(self, &commitment), commitment)],
        }
    }
}

impl Mutate for LicensedWords {
    fn mutants(&self) -> Vec<Changed<Self>> {
        let Self { category, topic_zh: _, topic_en: _, permit_zh: _, words, except, in_scope, instead } = *self;
        let other = category + 1;
        let mut list = vec![(format!(".category{}", becomes(&category, &other)), Self { category: other, ..*self })];
        list.extend(nested(words.mutants(), ".words", |words| Self { words, ..*self }));
        list.extend(nested(except.mutants(), ".except", |except| Self { except, ..*self }));
        list.extend(nested(in_scope.mutants(), ".in_scope", |in_scope| Self { in_scope, ..*self }));
        list.extend(nested(instead.mutants(), ".instead", |instead| Self { instead, ..*self }));
        list
    }

    fn label(&self) -> String {
        self.topic_zh.to_owned()
    }
}

impl Mutate for Says {
    fn mutants(&self) -> Vec<Changed<Self>> {
        const MANY: usize = 1000;
        let simpler = |other: Self| (becomes(self, &other), other);
        match *self {
            Self::Something => vec![simpler(Self::Chars(MANY))],
            Self::OneOf(texts) => {
                let mut list = nested(texts.mutants(), "", Self::OneOf);
                list.push(simpler(Self::Something));
                list.extend((texts.len() > 1).then(|| simpler(Self::AllOf(texts))));
                list
            }
            Self::AllOf(texts) => {
                let mut list = nested(texts.mutants(), "", Self::AllOf);
                list.push(simpler(Self::Something));
                list.extend((texts.len() > 1).then(|| simpler(Self::OneOf(texts))));
                list
            }
            Self::Chars(least) => {
                let mut list = nested(least.mutants(), "", Self::Chars);
                list.push(simpler(Self::Something));
                list
            }
            Self::OneOfAndChars(texts, least) => {
                let mut list = nested(texts.mutants(), "", |texts| Self::OneOfAndChars(texts, least));
                list.extend(nested(least.mutants(), "", |least| Self::OneOfAndChars(texts, least)));
                list.extend([simpler(Self::OneOf(texts)), simpler(Self::Chars(least))]);
                list
            }
        }
    }
}

impl Mutate for UnitToUnit {
    fn mutants(&self) -> Vec<Changed<Self>> {
        let inner = match self {
            Self::Related(paper) => nested(paper.mutants(), "", Self::Related),
            Self::Free | Self::RenameOnly | Self::SameLegalRepresentative => Vec::new(),
        };
        let samples = [Self::Free, Self::RenameOnly, Self::Related(ANOTHER), Self::SameLegalRepresentative];
        to_others(self, &samples, inner)
    }
}

impl Mutate for SiteOpen {
    fn mutants(&self) -> Vec<Changed<Self>> {
        const DAYS: u32 = 0;
        let inner = match self {
            Self::MustBeOpenAfterDays(days) => nested(days.mutants(), "", Self::MustBeOpenAfterDays),
            Self::MayBeClosed | Self::MustBeOpen | Self::MustBeOpenWithNumber | Self::OpenOnlyWithNumber => Vec::new(),
        };
        let samples = [
            Self::MayBeClosed,
            Self::MustBeOpen,
            Self::MustBeOpenWithNumber,
            Self::MustBeOpenAfterDays(DAYS),
            Self::OpenOnlyWithNumber,
        ];
        to_others(self, &samples, inner)
    }

    fn is_silent(&self) -> bool {
        *self == Self::MayBeClosed
    }
}

impl Mutate for AccessMatch {
    /// The paper that lets a difference pass matters only where something is compared.
    fn mutants(&self) -> Vec<Changed<Self>> {
        let Self { unit, person, unless } = *self;
        let mut list = nested(unit.mutants(), ".unit", |unit| Self { unit, ..*self });
        list.extend(nested(person.mutants(), ".person", |person| Self { person, ..*self }));
        if !self.is_silent() {
            list.extend(nested(unless.mutants(), ".unless", |unless| Self { unless, ..*self }));
        }
        list
    }

    fn is_silent(&self) -> bool {
        self.unit == MatchSet::NOTHING && self.person == MatchSet::NOTHING
    }
}

impl Mutate for If {
    /// The opposite, and what it holds.
    fn mutants(&self) -> Vec<Changed<Self>> {
        let opposite = match self {
            Self::Not(condition) => **condition,
            other => Self::Not(Box::leak(Box::new(*other))),
        };
        let inner = match *self {
            Self::Nature(codes) => nested(codes.mutants(), "", Self::Nature),
            Self::NatureNot(codes) => nested(codes.mutants(), "", Self::NatureNot),
            Self::CertificateKind(codes) => nested(codes.mutants(), "", Self::CertificateKind),
            Self::RecordedNature(codes) => nested(codes.mutants(), "", Self::RecordedNature),
            Self::PrincipalIdKind(codes) => nested(codes.mutants(), "", Self::PrincipalIdKind),
            Self::YoungerThan(age) => nested(age.mutants(), "", Self::YoungerThan),
            Self::Words(words) => nested(words.mutants(), "", Self::Words),
            Self::SiteWords(words) => nested(words.mutants(), "", Self::SiteWords),
            Self::OrganiserWords(words) => nested(words.mutants(), "", Self::OrganiserWords),
            Self::ScopeWords(words) => nested(words.mutants(), "", Self::ScopeWords),
            Self::AddressWords(words) => nested(words.mutants(), "", Self::AddressWords),
            Self::MoreThan(number, counting) => {
                let mut list = nested(number.mutants(), "", |number| Self::MoreThan(number, counting));
                list.extend(nested(counting.mutants(), "", |counting| Self::MoreThan(number, counting)));
                list
            }
            Self::ServiceKind(kinds) => nested(kinds.mutants(), "", Self::ServiceKind),
            Self::Content(codes) => nested(codes.mutants(), "", Self::Content),
            Self::ContentOtherThan(codes) => nested(codes.mutants(), "", Self::ContentOtherThan),
            Self::DomainsAbove(number) => nested(number.mutants(), "", Self::DomainsAbove),
            Self::AddressesAbove(number) => nested(number.mutants(), "", Self::AddressesAbove),
            Self::FiledBefore(day) => nested(day.mutants(), "", Self::FiledBefore),
            Self::FiledSince(day) => nested(day.mutants(), "", Self::FiledSince),
            Self::Not(condition) => {
                nested(condition.mutants(), "", |condition| Self::Not(Box::leak(Box::new(condition))))
            }
            Self::SoleTrader
            | Self::SoleTraderWithoutName
            | Self::PrincipalNotRepresentative
            | Self::ServicePrincipalNotRepresentative
            | Self::PrincipalsDiffer
            | Self::PrincipalsSame
            | Self::ForeignRepresentative
            | Self::PrincipalFromElsewhere
            | Self::ServicePrincipalFromElsewhere
            | Self::PreApproved
            | Self::NotPreApproved
            | Self::AddressesInSeveralProvinces
            | Self::DomainNotOfOrganiser
            | Self::RegistrarAbroad
            | Self::NameTwice
            | Self::Renamed
            | Self::PrincipalChanged
            | Self::ServicePrincipalChanged
            | Self::NoOfficePhone => Vec::new(),
        };
        std::iter::once((becomes(self, &opposite), opposite)).chain(inner).collect()
    }
}
