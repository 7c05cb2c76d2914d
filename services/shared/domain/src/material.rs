//! Materials (材料): what applicants upload as proof.
//!
//! The one list of names: URLs, messages, the store and the rule books say these texts. A bureau may come to ask for a
//! paper that is not here: its rule module then names it, and intake takes it under that name.

use serde::{Deserialize, Serialize};

/// What an uploaded material (材料) shows. The text form is used in URLs and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MaterialKind {
    /// The organiser's certificate (主办单位有效证件), e.g. business licence.
    OrganiserCertificate,
    /// Identity document of the organiser's person in charge (主体负责人证件).
    OrganiserPrincipalId,
    /// The same document's other side, where it has a picture of its own (主体负责人证件背面).
    OrganiserPrincipalIdBack,
    /// Identity document of the service's person in charge (服务负责人证件).
    ServicePrincipalId,
    /// The same document's other side, where it has a picture of its own (服务负责人证件背面).
    ServicePrincipalIdBack,
    /// Picture of the service's person in charge taken at capture (核验照片).
    ServicePrincipalFace,
    /// Letter of commitment (承诺书).
    Commitment,
    /// Identity document of the legal representative (法定代表人证件).
    LegalRepresentativeId,
    /// Letter on the truth of the data (ICP备案信息真实性责任告知书).
    TruthLetter,
    /// Video of the person in charge with the commitment (手持承诺书视频).
    CommitmentVideo,
    /// Letter of authorisation for the organiser's person in charge (主体负责人授权书).
    AuthorisationPrincipal,
    /// Letter of authorisation for the service's person in charge (互联网信息服务负责人授权书).
    AuthorisationService,
    /// Articles naming shareholder or senior manager (公司章程（股东或高管证明）).
    ArticlesOfAssociation,
    /// Proof of a shareholder or senior manager (股东或高级管理人员证明).
    ShareholderProof,
    /// Sealed statement of the unit (单位情况说明（盖章）).
    UnitLetter,
    /// Residence permit (居住证).
    ResidencePermit,
    /// Proof of temporary residence (暂住证明).
    TemporaryResidence,
    /// House deed (房产证).
    HouseDeed,
    /// Contract of purchase of a house (购房合同).
    HouseContract,
    /// Lease (租房合同).
    Lease,
    /// Social insurance of the last three months (近三个月社保证明).
    SocialInsurance,
    /// Student card (学生证).
    StudentCard,
    /// Employment contract (聘用合同).
    EmploymentContract,
    /// Proof of employment (在职证明).
    EmploymentProof,
    /// Proof of income (收入证明).
    IncomeProof,
    /// Proof of study (在读证明).
    StudyProof,
    /// Proof of standing (身份状况证明).
    StatusProof,
    /// Statement of the guardian (监护人同意书).
    GuardianConsent,
    /// Identity document of the guardian (监护人身份证件).
    GuardianId,
    /// Domain certificate (域名证书).
    DomainCertificate,
    /// Screen shot of the domain's real-name registration (域名实名截图).
    DomainRealNameScreenshot,
    /// Site plan (网站建设方案书).
    SitePlan,
    /// Statement of the situation (情况说明书).
    SituationStatement,
    /// Letter of the new name (更名函（变更证明）).
    RenameLetter,
    /// Confirmation of party-building data (网站党建备案信息确认函).
    PartyBuildingLetter,
    /// Confirmation of state bodies (党政机关确认函).
    StateBodyConfirmation,
    /// Proof of the establishment office (编办证明).
    EstablishmentProof,
    /// Proof of qualification to run a site (网站开办资格证明).
    SiteQualification,
    /// Form of the site's name (网站名称审核表).
    SiteNameReview,
    /// Licence given before the filing (前置审批文件).
    PreApproval,
    /// Commitment that tutoring is not touched (不涉及校外培训承诺书).
    TutoringCommitment,
    /// Commitment that internet culture is not touched (不涉及网络文化承诺书).
    CultureCommitment,
    /// Commitment that finance is not touched (不涉及金融业务承诺书).
    FinanceCommitment,
    /// Commitment that no licence is needed (不涉及前置审批承诺书).
    MatterCommitment,
    /// Licence of a medical institution (医疗机构执业许可证).
    MedicalLicence,
    /// Approval of medical advertising (医疗广告审查证明).
    MedicalAdvertising,
    /// Licence of the sole trader (个体工商户营业执照).
    SoleTraderLicence,
    /// Picture of the legal representative holding identity card and licence (法定代表人手持身份证和营业执照的照片).
    RepresentativeWithLicence,
    /// Verification slip of the filing's data (ICP备案信息真实性核验单).
    VerificationSlip,
    /// Icon of the App (APP 图标).
    AppIcon,
    /// Other material (其他材料).
    Other,
}

impl MaterialKind {
    /// Every kind, in the order in which applicants are asked for them.
    pub const ALL: [Self; 51] = [
        Self::OrganiserCertificate,
        Self::OrganiserPrincipalId,
        Self::OrganiserPrincipalIdBack,
        Self::ServicePrincipalId,
        Self::ServicePrincipalIdBack,
        Self::ServicePrincipalFace,
        Self::Commitment,
        Self::LegalRepresentativeId,
        Self::TruthLetter,
        Self::CommitmentVideo,
        Self::AuthorisationPrincipal,
        Self::AuthorisationService,
        Self::ArticlesOfAssociation,
        Self::ShareholderProof,
        Self::UnitLetter,
        Self::ResidencePermit,
        Self::TemporaryResidence,
        Self::HouseDeed,
        Self::HouseContract,
        Self::Lease,
        Self::SocialInsurance,
        Self::StudentCard,
        Self::EmploymentContract,
        Self::EmploymentProof,
        Self::IncomeProof,
        Self::StudyProof,
        Self::StatusProof,
        Self::GuardianConsent,
        Self::GuardianId,
        Self::DomainCertificate,
        Self::DomainRealNameScreenshot,
        Self::SitePlan,
        Self::SituationStatement,
        Self::RenameLetter,
        Self::PartyBuildingLetter,
        Self::StateBodyConfirmation,
        Self::EstablishmentProof,
        Self::SiteQualification,
        Self::SiteNameReview,
        Self::PreApproval,
        Self::TutoringCommitment,
        Self::CultureCommitment,
        Self::FinanceCommitment,
        Self::MatterCommitment,
        Self::MedicalLicence,
        Self::MedicalAdvertising,
        Self::SoleTraderLicence,
        Self::RepresentativeWithLicence,
        Self::VerificationSlip,
        Self::AppIcon,
        Self::Other,
    ];

    /// Text form, title in Chinese, title in English.
    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::OrganiserCertificate => ("organiser-certificate", "主办单位有效证件", "certificate of the organiser"),
            Self::OrganiserPrincipalId => {
                ("organiser-principal-id", "主体负责人证件", "identity document of the organiser's person in charge")
            }
            Self::OrganiserPrincipalIdBack => (
                "organiser-principal-id-back",
                "主体负责人证件（背面）",
                "other side of the identity document of the organiser's person in charge",
            ),
            Self::ServicePrincipalId => (
                "service-principal-id",
                "互联网信息服务负责人证件",
                "identity document of the service's person in charge",
            ),
            Self::ServicePrincipalIdBack => (
                "service-principal-id-back",
                "互联网信息服务负责人证件（背面）",
                "other side of the identity document of the service's person in charge",
            ),
            Self::ServicePrincipalFace => (
                "service-principal-face",
                "互联网信息服务负责人核验照片",
                "picture of the service's person in charge taken at the capture",
            ),
            Self::Commitment => ("commitment", "互联网信息服务备案承诺书", "letter of commitment"),
            Self::LegalRepresentativeId => {
                ("legal-representative-id", "法定代表人证件", "identity document of the legal representative")
            }
            Self::TruthLetter => ("truth-letter", "ICP备案信息真实性责任告知书", "letter on the truth of the data"),
            Self::CommitmentVideo => {
                ("commitment-video", "手持承诺书视频", "video of the person in charge with the commitment")
            }
            Self::AuthorisationPrincipal => (
                "authorisation-principal",
                "主体负责人授权书",
                "letter of authorisation for the organiser's person in charge",
            ),
            Self::AuthorisationService => (
                "authorisation-service",
                "互联网信息服务负责人授权书",
                "letter of authorisation for the service's person in charge",
            ),
            Self::ArticlesOfAssociation => (
                "articles-of-association",
                "公司章程（股东或高管证明）",
                "articles naming shareholder or senior manager",
            ),
            Self::ShareholderProof => {
                ("shareholder-proof", "股东或高级管理人员证明", "proof of a shareholder or senior manager")
            }
            Self::UnitLetter => ("unit-letter", "单位情况说明（盖章）", "sealed statement of the unit"),
            Self::ResidencePermit => ("residence-permit", "居住证", "residence permit"),
            Self::TemporaryResidence => ("temporary-residence", "暂住证明", "proof of temporary residence"),
            Self::HouseDeed => ("house-deed", "房产证", "house deed"),
            Self::HouseContract => ("house-contract", "购房合同", "contract of purchase of a house"),
            Self::Lease => ("lease", "租房合同", "lease"),
            Self::SocialInsurance => {
                ("social-insurance", "近三个月社保证明", "social insurance of the last three months")
            }
            Self::StudentCard => ("student-card", "学生证", "student card"),
            Self::EmploymentContract => ("employment-contract", "聘用合同", "employment contract"),
            Self::EmploymentProof => ("employment-proof", "在职证明", "proof of employment"),
            Self::IncomeProof => ("income-proof", "收入证明", "proof of income"),
            Self::StudyProof => ("study-proof", "在读证明", "proof of study"),
            Self::StatusProof => ("status-proof", "身份状况证明", "proof of standing"),
            Self::GuardianConsent => ("guardian-consent", "监护人同意书", "statement of the guardian"),
            Self::GuardianId => ("guardian-id", "监护人身份证件", "identity document of the guardian"),
            Self::DomainCertificate => ("domain-certificate", "域名证书", "domain certificate"),
            Self::DomainRealNameScreenshot => {
                ("domain-real-name-screenshot", "域名实名截图", "screen shot of the domain's real-name registration")
            }
            Self::SitePlan => ("site-plan", "网站建设方案书", "site plan"),
            Self::SituationStatement => ("situation-statement", "情况说明书", "statement of the situation"),
            Self::RenameLetter => ("rename-letter", "更名函（变更证明）", "letter of the new name"),
            Self::PartyBuildingLetter => {
                ("party-building-letter", "网站党建备案信息确认函", "confirmation of party-building data")
            }
            Self::StateBodyConfirmation => {
                ("state-body-confirmation", "党政机关确认函", "confirmation of state bodies")
            }
            Self::EstablishmentProof => ("establishment-proof", "编办证明", "proof of the establishment office"),
            Self::SiteQualification => {
                ("site-qualification", "网站开办资格证明", "proof of qualification to run a site")
            }
            Self::SiteNameReview => ("site-name-review", "网站名称审核表", "form of the site's name"),
            Self::PreApproval => ("pre-approval", "前置审批文件", "licence given before the filing"),
            Self::TutoringCommitment => {
                ("tutoring-commitment", "不涉及校外培训承诺书", "commitment that tutoring is not touched")
            }
            Self::CultureCommitment => {
                ("culture-commitment", "不涉及网络文化承诺书", "commitment that internet culture is not touched")
            }
            Self::FinanceCommitment => {
                ("finance-commitment", "不涉及金融业务承诺书", "commitment that finance is not touched")
            }
            Self::MatterCommitment => {
                ("matter-commitment", "不涉及前置审批承诺书", "commitment that no licence is needed")
            }
            Self::MedicalLicence => ("medical-licence", "医疗机构执业许可证", "licence of a medical institution"),
            Self::MedicalAdvertising => ("medical-advertising", "医疗广告审查证明", "approval of medical advertising"),
            Self::SoleTraderLicence => ("sole-trader-licence", "个体工商户营业执照", "licence of the sole trader"),
            Self::RepresentativeWithLicence => (
                "representative-with-licence",
                "法定代表人手持身份证和营业执照的照片",
                "picture of the legal representative holding identity card and licence",
            ),
            Self::VerificationSlip => {
                ("verification-slip", "ICP备案信息真实性核验单", "verification slip of the filing's data")
            }
            Self::AppIcon => ("app-icon", "APP 图标", "icon of the App"),
            Self::Other => ("other", "其他材料", "other material"),
        }
    }

    /// The text form, e.g. `organiser-certificate`.
    pub const fn as_str(self) -> &'static str {
        self.names().0
    }

    /// Its name in Chinese.
    pub const fn title_zh(self) -> &'static str {
        self.names().1
    }

    /// Its name in English.
    pub const fn title_en(self) -> &'static str {
        self.names().2
    }

    /// The kind with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The ministry's attachment purpose (附件用途, Fjyt; bureau-interface §11.8).
    pub fn bureau_purpose(self) -> Option<u16> {
        match self {
            Self::OrganiserCertificate => Some(2),
            Self::OrganiserPrincipalId | Self::OrganiserPrincipalIdBack => Some(3),
            Self::ServicePrincipalId | Self::ServicePrincipalIdBack => Some(4),
            Self::ServicePrincipalFace => Some(5),
            _ => None,
        }
    }

    /// Whether identity verification reads it.
    pub fn is_verified(self) -> bool {
        matches!(
            self,
            Self::OrganiserCertificate
                | Self::OrganiserPrincipalId
                | Self::ServicePrincipalId
                | Self::ServicePrincipalFace
                | Self::Commitment
        )
    }

    /// Whether it shows the organiser or who speaks for it: such a material belongs to no service.
    pub fn is_of_organiser(self) -> bool {
        matches!(
            self,
            Self::OrganiserCertificate
                | Self::OrganiserPrincipalId
                | Self::OrganiserPrincipalIdBack
                | Self::LegalRepresentativeId
        )
    }

    /// Whether it must be a colour picture of the original (filing-rules §6.4).
    pub fn is_original(self) -> bool {
        matches!(
            self,
            Self::OrganiserCertificate
                | Self::OrganiserPrincipalId
                | Self::OrganiserPrincipalIdBack
                | Self::ServicePrincipalId
                | Self::ServicePrincipalIdBack
                | Self::ServicePrincipalFace
                | Self::LegalRepresentativeId
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_one_name_everywhere() {
        let names: BTreeSet<&str> = MaterialKind::ALL.into_iter().map(MaterialKind::as_str).collect();
        assert_eq!(names.len(), MaterialKind::ALL.len());
        for kind in MaterialKind::ALL {
            assert_eq!(MaterialKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert!(!kind.title_zh().is_ascii() && kind.title_en().is_ascii());
        }
        assert_eq!(MaterialKind::parse("passport"), None);
    }
}
