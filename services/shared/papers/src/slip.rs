//! The electronic verification slip (真实性核验单): what may be ticked on it, and by what proof.
//!
//! A box is ticked by a [`Tick`] only. 是 exists only where the recorded evidence of this very submission proves every
//! field that the box speaks of ([`SlipField::demands`]), and nothing recorded speaks against one. 否 exists only where
//! a check that was demanded failed on such a field. What is neither proved nor disproved has both boxes empty. What an
//! order does not bring, because it is on record, is asked of nobody: the row says so ([`SlipField::remark`]).
//!
//! The form is that of bureau-interface §13.1; the layout that the ministry uses for apps and mini-programs since 2023
//! is not public.

mod form;

use chrono::NaiveDate;
use icp_domain::{CheckName, Filing, MaterialKind, Part};
use serde::Serialize;

use crate::evidence::{Evidence, EvidenceKind, EvidenceRef, Outcome, Submission};
use crate::{Paper, PaperError};

/// A statement of the slip that has a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SlipField {
    /// 单位 / 个人
    OrganiserType,
    /// 单位证件资质: which certificate the unit showed.
    UnitCertificate,
    /// 个人证件资质: which document the person in charge of the service showed.
    PersonCertificate,
    /// 证件号码正确
    NumberCorrect,
    /// 留存复印件
    CopiesKept,
    /// 当面采集并留存照片
    LivePhoto,
    /// 手机
    Mobile,
    /// 座机
    Landline,
    /// 邮箱
    Email,
    /// 通信地址
    Address,
    /// 名称规范
    NameProper,
    /// 域名正确
    DomainCorrect,
    /// 服务内容正确
    ContentCorrect,
    /// 有前置或专项审批
    PreApproval,
    /// 网络地址报备正确
    AddressesReported,
    /// 书面文档留存
    DocumentsKept,
}

/// What a slip is about: one service of a filing.
#[derive(Debug, Clone, Copy)]
pub struct SlipOrder<'a> {
    /// What was declared.
    pub filing: &'a Filing,
    /// Which of its services, from 0.
    pub service: usize,
}

/// Proof that a field needs before a box may be ticked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Who must have proved it.
    pub kind: EvidenceKind,
    /// By which check; any one where none is named.
    pub check: Option<CheckName>,
    /// Path of the field or material.
    pub field: String,
}

impl SlipField {
    /// Every box, in the order of the form.
    pub const ALL: [Self; 16] = [
        Self::OrganiserType,
        Self::UnitCertificate,
        Self::PersonCertificate,
        Self::NumberCorrect,
        Self::CopiesKept,
        Self::LivePhoto,
        Self::Mobile,
        Self::Landline,
        Self::Email,
        Self::Address,
        Self::NameProper,
        Self::DomainCorrect,
        Self::ContentCorrect,
        Self::PreApproval,
        Self::AddressesReported,
        Self::DocumentsKept,
    ];

    /// Everything that must be proved; empty where the order brings nothing of it ([`SlipField::remark`]).
    pub fn demands(self, order: SlipOrder<'_>) -> Vec<Demand> {
        let SlipOrder { filing, service: index } = order;
        let asked = Asked::of(filing);
        let service = format!("services[{index}]");
        let identity = |check, field: String| Demand { kind: EvidenceKind::Identity, check: Some(check), field };
        let register = |field: String| Demand { kind: EvidenceKind::Authority, check: None, field };
        let reviewer = |field: String| Demand { kind: EvidenceKind::Reviewer, check: None, field };
        let organiser_material = || asked.organiser.then(|| MaterialKind::OrganiserCertificate.as_str().to_owned());
        let service_material = |kind: MaterialKind| asked.service.then(|| format!("{}[{index}]", kind.as_str()));
        let person_material = || service_material(MaterialKind::ServicePrincipalId);
        let face_material = || service_material(MaterialKind::ServicePrincipalFace);
        let kind_shown = |material: Option<String>| one(material.map(|it| identity(CheckName::DocumentKind, it)));
        let kept = |materials: Vec<Option<String>>| -> Vec<Demand> {
            materials.into_iter().flatten().map(|it| identity(CheckName::MaterialIntact, it)).collect()
        };
        let declared = |field: &str| one(asked.service_data.then(|| reviewer(format!("{service}.{field}"))));
        match self {
            Self::OrganiserType => kind_shown(organiser_material()),
            Self::UnitCertificate => kind_shown(organiser_material().filter(|_| !filing.organiser.is_person())),
            Self::PersonCertificate => kind_shown(person_material()),
            Self::NumberCorrect => {
                let own = is_own_principal(filing);
                let numbers = [
                    asked.organiser.then(|| "organiser.certificate.number".to_owned()),
                    (asked.organiser && !own).then(|| "organiser.principal.id.number".to_owned()),
                    asked.service.then(|| format!("{service}.principal.id.number")),
                ];
                let both =
                    |number: String| [identity(CheckName::DocumentAgainstForm, number.clone()), register(number)];
                numbers.into_iter().flatten().flat_map(both).collect()
            }
            Self::CopiesKept => kept(vec![organiser_material(), person_material()]),
            Self::LivePhoto => {
                let principal = format!("{service}.principal");
                let is_hers = asked.service.then(|| identity(CheckName::FaceAgainstDocument, principal));
                is_hers.into_iter().chain(kept(vec![face_material()])).collect()
            }
            Self::Mobile => declared("principal.mobile"),
            Self::Landline => match filing.services.get(index) {
                Some(service) if service.principal.office_phone.is_some() => declared("principal.office_phone"),
                _ => Vec::new(),
            },
            Self::Email => declared("principal.email"),
            Self::Address => one(asked.organiser_data.then(|| reviewer("organiser.address".to_owned()))),
            Self::NameProper => declared("name"),
            // The registries know a domain; nothing but the reviewer's eye knows any other mark of a service.
            Self::DomainCorrect => match filing.services.get(index).map_or(0, |service| service.domains.len()) {
                0 => declared("domains"),
                count if asked.service_data => {
                    (0..count).map(|domain| register(format!("{service}.domains[{domain}]"))).collect()
                }
                _ => Vec::new(),
            },
            Self::ContentCorrect => declared("contents"),
            Self::PreApproval => declared("pre_approvals"),
            Self::AddressesReported => one(asked.access.then(|| reviewer(format!("{service}.access.addresses")))),
            Self::DocumentsKept => kept(vec![organiser_material(), person_material(), face_material()]),
        }
    }

    /// What the row says of parts that nobody is asked about: they are on record, or there is nothing to ask about.
    /// Beside boxes it ends with whom the boxes speak of.
    pub fn remark(self, order: SlipOrder<'_>) -> Option<&'static str> {
        let asked = Asked::of(order.filing);
        let on_record = |is_asked: bool, words| (!is_asked).then_some(words);
        match self {
            Self::OrganiserType => on_record(asked.organiser, ORGANISER_ON_RECORD),
            Self::UnitCertificate if order.filing.organiser.is_person() => Some("个人主办，不适用"),
            Self::UnitCertificate => on_record(asked.organiser, ORGANISER_ON_RECORD),
            Self::PersonCertificate | Self::LivePhoto => on_record(asked.service, SERVICE_ON_RECORD),
            Self::NumberCorrect | Self::CopiesKept | Self::DocumentsKept => match (asked.organiser, asked.service) {
                (true, true) => None,
                (true, false) => Some("服务已备案；主体："),
                (false, true) => Some("主体已备案；服务负责人："),
                (false, false) => Some("主体及服务已备案"),
            },
            Self::Landline
                if order.filing.services.get(order.service).is_none_or(|it| it.principal.office_phone.is_none()) =>
            {
                Some("未填报")
            }
            Self::Mobile
            | Self::Landline
            | Self::Email
            | Self::NameProper
            | Self::DomainCorrect
            | Self::ContentCorrect
            | Self::PreApproval => on_record(asked.service_data, SERVICE_ON_RECORD),
            Self::Address => on_record(asked.organiser_data, ORGANISER_ON_RECORD),
            Self::AddressesReported => on_record(asked.access, "接入已备案"),
        }
    }

    /// Whether the row has a box 否 that a failed check ticks. Rows that say which one have none; 前置审批 says 否 where
    /// none was declared and the reviewer stands by that.
    pub fn can_be_denied(self) -> bool {
        !matches!(self, Self::OrganiserType | Self::UnitCertificate | Self::PersonCertificate | Self::PreApproval)
    }
}

const ORGANISER_ON_RECORD: &str = "主体已备案";
const SERVICE_ON_RECORD: &str = "服务已备案";

fn one(demand: Option<Demand>) -> Vec<Demand> {
    demand.into_iter().collect()
}

/// What an order of this type has checked.
#[derive(Debug, Clone, Copy)]
struct Asked {
    /// Documents of the organiser and of its person in charge.
    organiser: bool,
    /// Documents and face of the service's person in charge.
    service: bool,
    /// What is declared of the organiser.
    organiser_data: bool,
    /// What is declared of the service.
    service_data: bool,
    /// What is declared of the access.
    access: bool,
}

impl Asked {
    fn of(filing: &Filing) -> Self {
        let row = filing.order_type.description();
        Self {
            organiser: row.verified.include_organiser(),
            service: row.verified.include_services(),
            organiser_data: row.organiser.brings_data(),
            service_data: row.services.brings_data(),
            access: matches!(row.access, Part::New | Part::Changed),
        }
    }
}

/// A person who files for herself shows one document for both.
fn is_own_principal(filing: &Filing) -> bool {
    let (organiser, principal) = (&filing.organiser.certificate, &filing.organiser.principal.id);
    organiser.kind == principal.kind && organiser.number == principal.number
}

/// A ticked box, with what proves it. There is no other way to tick one:
///
/// ```
/// use icp_papers::{Evidence, SlipField, SlipOrder, Submission, Tick, slip::Unproved};
/// fn ticked(order: SlipOrder<'_>, submission: Submission, evidence: &[Evidence]) -> Result<Tick, Unproved> {
///     Tick::yes(SlipField::NumberCorrect, order, submission, evidence)
/// }
/// ```
///
/// ```compile_fail,E0451
/// use icp_papers::{SlipField, Tick, slip::Says};
/// let by_hand = Tick { field: SlipField::NumberCorrect, says: Says::Yes, evidence: Vec::new() };
/// ```
///
/// ```compile_fail,E0616
/// use icp_papers::{SlipField, Tick};
/// fn move_to_another_box(mut tick: Tick) -> Tick {
///     tick.field = SlipField::NumberCorrect;
///     tick
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tick {
    field: SlipField,
    says: Says,
    evidence: Vec<EvidenceRef>,
}

/// Which box of a row is ticked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// 是, or the box that was declared.
    Yes,
    /// 否
    No,
}

/// Why a box stays empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// The order brings nothing of it.
    #[error("nobody is asked about it: it is on record, or was not declared")]
    NotAsked,
    /// Nothing recorded proves the field.
    #[error("nothing recorded proves `{field}`")]
    Nothing {
        /// The field.
        field: String,
    },
    /// A recorded result says otherwise.
    #[error("a recorded result speaks against `{field}`")]
    Contrary {
        /// The field.
        field: String,
    },
}

impl Tick {
    /// The tick of the row, if the evidence of exactly this submission proves or disproves what it says.
    pub fn of(field: SlipField, order: SlipOrder<'_>, submission: Submission, evidence: &[Evidence]) -> Option<Self> {
        match Self::yes(field, order, submission, evidence) {
            Ok(tick) => Some(tick),
            Err(_) => Self::no(field, order, submission, evidence),
        }
    }

    /// 是, if the evidence proves everything that the box speaks of, for exactly this submission.
    pub fn yes(
        field: SlipField,
        order: SlipOrder<'_>,
        submission: Submission,
        evidence: &[Evidence],
    ) -> Result<Self, Unproved> {
        let demands = field.demands(order);
        if demands.is_empty() {
            return Err(Unproved::NotAsked);
        }
        let mut proofs = Vec::new();
        for demand in demands {
            proofs.extend(proofs_of(&demand, submission, evidence)?);
        }
        Ok(Self { field, says: Says::Yes, evidence: references(proofs) })
    }

    /// 否, if a check that is demanded failed on its field, and did not also pass there, for exactly this submission.
    pub fn no(field: SlipField, order: SlipOrder<'_>, submission: Submission, evidence: &[Evidence]) -> Option<Self> {
        let demands = if field.can_be_denied() { field.demands(order) } else { Vec::new() };
        let contrary: Vec<&Evidence> =
            demands.iter().filter_map(|demand| contrary_of(demand, submission, evidence)).collect();
        (!contrary.is_empty()).then(|| Self { field, says: Says::No, evidence: references(contrary) })
    }

    /// The row.
    pub fn field(&self) -> SlipField {
        self.field
    }

    /// Which of its boxes.
    pub fn says(&self) -> Says {
        self.says
    }

    /// What proves it; never empty.
    pub fn evidence(&self) -> &[EvidenceRef] {
        &self.evidence
    }
}

/// Each result once.
fn references(results: Vec<&Evidence>) -> Vec<EvidenceRef> {
    let mut references = Vec::new();
    for reference in results.into_iter().map(EvidenceRef::from) {
        if !references.contains(&reference) {
            references.push(reference);
        }
    }
    references
}

/// Whether a result is by whom and by which check the demand names.
fn is_by(demand: &Demand, evidence: &Evidence) -> bool {
    evidence.kind == demand.kind && demand.check.is_none_or(|check| check.as_str() == evidence.check)
}

/// The failed result that disproves what is demanded; none where the same was also found to hold.
fn contrary_of<'a>(demand: &Demand, submission: Submission, evidence: &'a [Evidence]) -> Option<&'a Evidence> {
    let about_it =
        || evidence.iter().filter(|e| e.submission == submission && is_by(demand, e) && e.field == demand.field);
    let holds = about_it().any(|e| e.outcome == Outcome::Passed);
    about_it().find(|e| e.outcome == Outcome::Failed).filter(|_| !holds)
}

/// The first result that meets the demand, and beside it the verdict of the rules where that proves the same.
fn proofs_of<'a>(
    demand: &Demand,
    submission: Submission,
    evidence: &'a [Evidence],
) -> Result<Vec<&'a Evidence>, Unproved> {
    let field = &demand.field;
    let about_it = || evidence.iter().filter(|e| e.submission == submission && e.concerns(field));
    if about_it().any(|e| e.outcome == Outcome::Failed) {
        return Err(Unproved::Contrary { field: field.clone() });
    }
    let proof_by = |is_his: &dyn Fn(&Evidence) -> bool| {
        let is_open = about_it().any(|e| is_his(e) && e.outcome == Outcome::Open);
        about_it().find(|e| is_his(e) && e.proves(field)).filter(|_| !is_open)
    };
    let proof = proof_by(&|e| is_by(demand, e)).ok_or_else(|| Unproved::Nothing { field: field.clone() })?;
    let rules = proof_by(&|e| e.kind == EvidenceKind::Rules).filter(|_| demand.kind == EvidenceKind::Reviewer);
    Ok(std::iter::once(proof).chain(rules).collect())
}

/// A filled slip for one service.
#[derive(Debug, Clone)]
pub struct Slip {
    submission: Submission,
    ticks: Vec<Tick>,
    review: EvidenceRef,
    paper: Paper,
}

impl Slip {
    /// Fills the slip: what the evidence proves or disproves is ticked, everything else stays empty.
    ///
    /// The slip ends with the provider's pledge, so without its pass of this submission, by a reviewer or by its policy,
    /// there is none.
    pub fn fill(
        order: SlipOrder<'_>,
        submission: Submission,
        evidence: &[Evidence],
        provider_name: &str,
        date: NaiveDate,
    ) -> Result<Self, PaperError> {
        let count = order.filing.services.len();
        let service = order
            .filing
            .services
            .get(order.service)
            .ok_or(PaperError::NoSuchService { index: order.service, count })?;
        if provider_name.trim().is_empty() {
            let (paper, field) = ("slip".to_owned(), "papers.provider_name".to_owned());
            return Err(PaperError::MissingField { paper, field });
        }
        let reviews = || evidence.iter().filter(|e| e.submission == submission && e.kind.is_review());
        let review = reviews()
            .find(|e| e.proves(""))
            .filter(|_| reviews().all(|e| e.outcome == Outcome::Passed))
            .map(EvidenceRef::from)
            .ok_or(PaperError::NotReviewed { attempt: submission.attempt })?;
        let ticks: Vec<Tick> =
            SlipField::ALL.into_iter().filter_map(|field| Tick::of(field, order, submission, evidence)).collect();
        let paper = form::lay_out(form::Filled {
            order,
            service,
            submission,
            ticks: &ticks,
            review: &review,
            provider_name,
            date,
        })?;
        Ok(Self { submission, ticks, review, paper })
    }

    /// The submission that it speaks for.
    pub fn submission(&self) -> Submission {
        self.submission
    }

    /// The ticked boxes.
    pub fn ticks(&self) -> &[Tick] {
        &self.ticks
    }

    /// The provider's pass that the pledge rests on.
    pub fn review(&self) -> &EvidenceRef {
        &self.review
    }

    /// The page.
    pub fn paper(&self) -> &Paper {
        &self.paper
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
