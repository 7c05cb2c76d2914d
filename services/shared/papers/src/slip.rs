//! The electronic verification slip (真实性核验单): what may be ticked on it, and by what proof.
//!
//! A box is ticked by a [`Tick`] only, and a tick exists only where the recorded evidence of this very submission
//! proves every field that the box speaks of ([`SlipField::demands`]). One contrary result about such a field, by
//! whomever, and there is no tick. The form is that of bureau-interface §13.1; the layout that the ministry uses for
//! apps and mini-programs since 2023 is not public.

mod form;

use chrono::NaiveDate;
use icp_domain::Filing;
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
    pub check: Option<&'static str>,
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

    /// Everything that must be proved; never empty.
    pub fn demands(self, order: SlipOrder<'_>) -> Vec<Demand> {
        let SlipOrder { filing, service: index } = order;
        let service = format!("services[{index}]");
        let identity = |check, field: String| Demand { kind: EvidenceKind::Identity, check: Some(check), field };
        let register = |field: String| Demand { kind: EvidenceKind::Authority, check: None, field };
        let reviewer = |field: String| vec![Demand { kind: EvidenceKind::Reviewer, check: None, field }];
        let organiser_material = "organiser-certificate".to_owned();
        let person_material = format!("service-principal-id[{index}]");
        let face_material = format!("service-principal-face[{index}]");
        match self {
            Self::OrganiserType | Self::UnitCertificate => vec![identity("document_kind", organiser_material)],
            Self::PersonCertificate => vec![identity("document_kind", person_material)],
            Self::NumberCorrect => {
                let mut numbers =
                    vec!["organiser.certificate.number".to_owned(), format!("{service}.principal.id.number")];
                if !is_own_principal(filing) {
                    numbers.insert(1, "organiser.principal.id.number".to_owned());
                }
                let both = |number: String| [identity("document_against_form", number.clone()), register(number)];
                numbers.into_iter().flat_map(both).collect()
            }
            Self::CopiesKept => {
                vec![identity("material_intact", organiser_material), identity("material_intact", person_material)]
            }
            Self::LivePhoto => vec![
                identity("face_against_document", format!("{service}.principal")),
                identity("material_intact", face_material),
            ],
            Self::Mobile => reviewer(format!("{service}.principal.mobile")),
            Self::Landline => reviewer(format!("{service}.principal.office_phone")),
            Self::Email => reviewer(format!("{service}.principal.email")),
            Self::Address => reviewer("organiser.address".to_owned()),
            Self::NameProper => reviewer(format!("{service}.name")),
            Self::DomainCorrect => {
                let domains = filing.services.get(index).map_or(0, |service| service.domains.len());
                let mut demands = reviewer(format!("{service}.domains"));
                demands.extend((0..domains).map(|domain| register(format!("{service}.domains[{domain}]"))));
                demands
            }
            Self::ContentCorrect => reviewer(format!("{service}.contents")),
            Self::PreApproval => reviewer(format!("{service}.pre_approvals")),
            Self::AddressesReported => reviewer(format!("{service}.access.addresses")),
            Self::DocumentsKept => vec![
                identity("material_intact", organiser_material),
                identity("material_intact", person_material),
                identity("material_intact", face_material),
            ],
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
///     Tick::new(SlipField::NumberCorrect, order, submission, evidence)
/// }
/// ```
///
/// ```compile_fail,E0451
/// use icp_papers::{SlipField, Tick};
/// let by_hand = Tick { field: SlipField::NumberCorrect, evidence: Vec::new() };
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
    evidence: Vec<EvidenceRef>,
}

/// Why a box stays empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
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
    /// A tick, if the evidence proves everything that the box speaks of, for exactly this submission.
    pub fn new(
        field: SlipField,
        order: SlipOrder<'_>,
        submission: Submission,
        evidence: &[Evidence],
    ) -> Result<Self, Unproved> {
        let mut proofs: Vec<EvidenceRef> = Vec::new();
        for demand in field.demands(order) {
            for proof in proofs_of(&demand, submission, evidence)? {
                let proof = EvidenceRef::from(proof);
                if !proofs.contains(&proof) {
                    proofs.push(proof);
                }
            }
        }
        Ok(Self { field, evidence: proofs })
    }

    /// The box.
    pub fn field(&self) -> SlipField {
        self.field
    }

    /// What proves it; never empty.
    pub fn evidence(&self) -> &[EvidenceRef] {
        &self.evidence
    }
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
    let proof_by = |kind: EvidenceKind, check: Option<&str>| {
        let is_open = about_it().any(|e| e.kind == kind && e.outcome == Outcome::Open);
        let mut proofs =
            about_it().filter(move |e| e.kind == kind && check.is_none_or(|check| check == e.check) && e.proves(field));
        if is_open { None } else { proofs.next() }
    };
    let proof = proof_by(demand.kind, demand.check).ok_or_else(|| Unproved::Nothing { field: field.clone() })?;
    let rules = (demand.kind == EvidenceKind::Reviewer).then(|| proof_by(EvidenceKind::Rules, None)).flatten();
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
    /// Fills the slip: what the evidence proves is ticked, everything else says 否 or stays empty.
    ///
    /// The slip ends with the provider's pledge, so without a reviewer's pass of this submission there is none.
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
        let everything = Demand { kind: EvidenceKind::Reviewer, check: None, field: String::new() };
        let of_reviewer: Vec<Evidence> =
            evidence.iter().filter(|e| e.kind == EvidenceKind::Reviewer).cloned().collect();
        let review = proofs_of(&everything, submission, &of_reviewer)
            .ok()
            .and_then(|proofs| proofs.first().map(|proof| EvidenceRef::from(*proof)))
            .ok_or(PaperError::NotReviewed { attempt: submission.attempt })?;
        let ticks: Vec<Tick> =
            SlipField::ALL.into_iter().filter_map(|field| Tick::new(field, order, submission, evidence).ok()).collect();
        let paper = form::lay_out(form::Filled {
            filing: order.filing,
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

    /// The reviewer's pass that the pledge rests on.
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
