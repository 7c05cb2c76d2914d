//! The shapes of rules about words: licences by word, remarks, words in fields.

use super::{Paper, When, Whom};

/// A word in a name or business that needs a licence first (前置审批).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicensedWords {
    /// 前置审批 category (Nrlx_id); 0 where there is none: then any licence given counts.
    pub category: u16,
    /// What the licence is for.
    pub topic_zh: &'static str,
    /// The same in English.
    pub topic_en: &'static str,
    /// The paper.
    pub permit_zh: &'static str,
    /// Words that point to it.
    pub words: &'static [&'static str],
    /// Words that hold one of them and mean something else, e.g. `游戏机`.
    pub except: &'static [&'static str],
    /// Whether the business scope (经营范围) is read as well.
    pub in_scope: bool,
    /// What serves beside the licence.
    pub instead: Instead,
}

/// What serves instead of a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// Nothing: the licence, or another name.
    Nothing,
    /// A commitment that the matter is not touched (不涉及承诺书).
    Commitment(Paper),
    /// No commitment: the words must be cut out of name and business scope.
    CutScope,
}

impl LicensedWords {
    /// Words in the names of site and organiser that need this licence.
    pub const fn new(
        category: u16,
        (topic_zh, topic_en): (&'static str, &'static str),
        permit_zh: &'static str,
        words: &'static [&'static str],
    ) -> Self {
        Self { category, topic_zh, topic_en, permit_zh, words, except: &[], in_scope: false, instead: Instead::Nothing }
    }

    /// … but not inside these words.
    pub const fn except(self, except: &'static [&'static str]) -> Self {
        Self { except, ..self }
    }

    /// … in the business scope as well.
    pub const fn in_scope(self) -> Self {
        Self { in_scope: true, ..self }
    }

    /// … or a commitment.
    pub const fn or_commitment(self, paper: Paper) -> Self {
        Self { instead: Instead::Commitment(paper), ..self }
    }

    /// … or the words are cut out of name and scope.
    pub const fn or_cut(self) -> Self {
        Self { instead: Instead::CutScope, ..self }
    }
}

/// Service contents (服务内容) that need a licence first from somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentPermit {
    /// The contents.
    pub contents: &'static [u16],
    /// From whom.
    pub from: Whom,
    /// The paper.
    pub permit_zh: &'static str,
}

/// What a remark (备注) must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Anything.
    Something,
    /// One of these texts is in it.
    OneOf(&'static [&'static str]),
    /// All of these texts are in it.
    AllOf(&'static [&'static str]),
    /// So many characters at least.
    Chars(usize),
    /// One of the texts, and so many characters at least.
    OneOfAndChars(&'static [&'static str], usize),
}

/// Whose remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemarkOf {
    /// The organiser's.
    Organiser,
    /// That of each service.
    Service,
}

/// A remark that is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RemarkRule {
    /// When.
    pub when: When,
    /// Whose.
    pub of: RemarkOf,
    /// What it must be.
    pub says: Says,
    /// What it must say, in Chinese: shown to the applicant.
    pub remark_zh: &'static str,
    /// The same in English.
    pub remark_en: &'static str,
}

impl RemarkRule {
    /// The service's remark must be written.
    pub const fn service(when: When, remark_zh: &'static str, remark_en: &'static str) -> Self {
        Self { when, of: RemarkOf::Service, says: Says::Something, remark_zh, remark_en }
    }

    /// The organiser's remark must be written.
    pub const fn organiser(when: When, remark_zh: &'static str, remark_en: &'static str) -> Self {
        Self { of: RemarkOf::Organiser, ..Self::service(when, remark_zh, remark_en) }
    }

    /// … and be this.
    pub const fn says(self, says: Says) -> Self {
        Self { says, ..self }
    }
}

/// A field that words are looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextField {
    /// 网站名称
    ServiceName,
    /// 主办单位名称
    OrganiserName,
    /// 通信地址
    PostalAddress,
    /// 证件住所
    LicenceAddress,
    /// 投资人或上级主管单位
    Investor,
    /// 备注 of the service
    ServiceRemark,
    /// 备注 of the organiser
    OrganiserRemark,
    /// The registrable part of a domain, before its suffix
    DomainPrefix,
    /// 经营范围, from the register
    BusinessScope,
}

/// Words in a field that this bureau does not accept, or wants to look at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldWords {
    /// When.
    pub when: When,
    /// Where.
    pub field: TextField,
    /// The words, in lower case.
    pub words: &'static [&'static str],
    /// What is wrong with them.
    pub message_zh: &'static str,
    /// The same in English.
    pub message_en: &'static str,
    /// What to do.
    pub remedy_zh: &'static str,
    /// The same in English.
    pub remedy_en: &'static str,
}
