//! Papers that bureaus ask for. Their names are those of [`MaterialKind`], so whatever a book asks for can be uploaded.

use icp_domain::MaterialKind;

/// A paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Paper {
    /// Text form of the material, e.g. `residence-permit`.
    pub kind: &'static str,
    /// Its name in Chinese.
    pub title_zh: &'static str,
    /// Its name in English.
    pub title_en: &'static str,
}

impl Paper {
    /// The paper that is uploaded as this material.
    pub const fn of(kind: MaterialKind) -> Self {
        Self { kind: kind.as_str(), title_zh: kind.title_zh(), title_en: kind.title_en() }
    }
}

macro_rules! papers {
    ($($name:ident = $kind:ident;)*) => {
        $(
            #[doc = concat!("The material [`MaterialKind::", stringify!($kind), "`].")]
            pub const $name: Paper = Paper::of(MaterialKind::$kind);
        )*

        /// Every paper that is named here.
        pub const ALL: &[Paper] = &[$($name),*];
    };
}

papers! {
    ORGANISER_CERTIFICATE = OrganiserCertificate;
    ORGANISER_PRINCIPAL_ID = OrganiserPrincipalId;
    ORGANISER_PRINCIPAL_ID_BACK = OrganiserPrincipalIdBack;
    SERVICE_PRINCIPAL_ID = ServicePrincipalId;
    SERVICE_PRINCIPAL_ID_BACK = ServicePrincipalIdBack;
    SERVICE_PRINCIPAL_FACE = ServicePrincipalFace;
    REPRESENTATIVE_ID = LegalRepresentativeId;
    COMMITMENT = Commitment;
    TRUTH_LETTER = TruthLetter;
    COMMITMENT_VIDEO = CommitmentVideo;
    AUTHORISATION_PRINCIPAL = AuthorisationPrincipal;
    AUTHORISATION_SERVICE = AuthorisationService;
    ARTICLES = ArticlesOfAssociation;
    SHAREHOLDER_PROOF = ShareholderProof;
    UNIT_LETTER = UnitLetter;
    RESIDENCE_PERMIT = ResidencePermit;
    TEMPORARY_RESIDENCE = TemporaryResidence;
    HOUSE_DEED = HouseDeed;
    HOUSE_CONTRACT = HouseContract;
    LEASE = Lease;
    SOCIAL_INSURANCE = SocialInsurance;
    STUDENT_CARD = StudentCard;
    EMPLOYMENT_CONTRACT = EmploymentContract;
    EMPLOYMENT_PROOF = EmploymentProof;
    INCOME_PROOF = IncomeProof;
    STUDY_PROOF = StudyProof;
    STATUS_PROOF = StatusProof;
    GUARDIAN_CONSENT = GuardianConsent;
    GUARDIAN_ID = GuardianId;
    DOMAIN_CERTIFICATE = DomainCertificate;
    DOMAIN_SCREENSHOT = DomainRealNameScreenshot;
    SITE_PLAN = SitePlan;
    SITUATION_STATEMENT = SituationStatement;
    RENAME_LETTER = RenameLetter;
    PARTY_BUILDING = PartyBuildingLetter;
    STATE_BODY_CONFIRMATION = StateBodyConfirmation;
    ESTABLISHMENT_PROOF = EstablishmentProof;
    SITE_QUALIFICATION = SiteQualification;
    SITE_NAME_REVIEW = SiteNameReview;
    PRE_APPROVAL = PreApproval;
    TUTORING_COMMITMENT = TutoringCommitment;
    CULTURE_COMMITMENT = CultureCommitment;
    FINANCE_COMMITMENT = FinanceCommitment;
    MATTER_COMMITMENT = MatterCommitment;
    MEDICAL_LICENCE = MedicalLicence;
    MEDICAL_ADVERTISING = MedicalAdvertising;
    SOLE_TRADER_LICENCE = SoleTraderLicence;
    REPRESENTATIVE_WITH_LICENCE = RepresentativeWithLicence;
    VERIFICATION_SLIP = VerificationSlip;
    APP_ICON = AppIcon;
    OTHER = Other;
}
