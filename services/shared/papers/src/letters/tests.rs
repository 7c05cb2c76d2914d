use chrono::NaiveDate;
use icp_domain::{Filing, Organiser};
use icp_testkit::filings::{company_filing, person_filing};
use uuid::Uuid;

use super::*;

fn facts(filing: &Filing) -> Facts<'_> {
    Facts {
        filing,
        service: 0,
        order_id: Uuid::from_u128(7),
        provider_name: "示例云计算有限公司",
        date: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(),
        record: None,
    }
}

fn template(id: &str) -> &'static LetterTemplate {
    letter_templates().unwrap().iter().find(|template| template.id == id).unwrap()
}

/// A filing that fills every letter that it could need.
fn filing_for(template: &LetterTemplate) -> Filing {
    let province = template.provinces.first().copied().unwrap_or(Province::Henan);
    let mut filing = match template.organiser {
        Some(OrganiserType::Person) => person_filing(province, 1),
        _ => company_filing(province, 1),
    };
    filing.order_type = template.order_types.first().copied().unwrap_or(OrderType::FirstFiling);
    filing.organiser.number = Some("豫ICP备12345678号".to_owned());
    filing.services[0].number = Some("豫ICP备12345678号-1".to_owned());
    if template.below_age.is_some() {
        filing.organiser.principal.id.number = id_of_age(17);
    }
    if let Some(word) = template.words.first() {
        filing.services[0].name.push_str(word);
    }
    filing.cancellation = Some(icp_domain::Cancellation { reason: 1, note: Some("不再提供服务".to_owned()) });
    filing
}

/// Number of a citizen who is of this age on the day of the papers.
fn id_of_age(years: i32) -> String {
    let birth_date = NaiveDate::from_ymd_opt(2026 - years, 1, 1).unwrap();
    CitizenId::generate(440_305, birth_date, 1).unwrap().as_str().to_owned()
}

/// The organiser under its former name.
fn renamed(filing: &Filing) -> Organiser {
    Organiser { name: "示例旧名有限公司".to_owned(), ..filing.organiser.clone() }
}

fn ids(facts: &Facts<'_>) -> Vec<&'static str> {
    let fitting = letter_templates().unwrap().iter().filter(|template| template.fits(facts));
    fitting.map(|template| template.id.as_str()).collect()
}

#[test]
fn every_letter_fits_the_filing_that_it_is_for_and_is_filled_without_a_placeholder_left() {
    for template in letter_templates().unwrap() {
        let filing = filing_for(template);
        let before = renamed(&filing);
        let facts = Facts { record: Some(&before), ..facts(&filing) };
        assert!(template.fits(&facts), "{}", template.id);
        let paper = template.fill(&facts).unwrap();
        let text = paper.content().to_string();
        assert!(text.contains(&filing.organiser.name), "{}", template.id);
        let words = text.replace("{\"", "").replace("\":", "");
        assert!(!words.contains("{organiser") && !words.contains("{service"), "{text}");
        assert!(paper.attachment().contains("\"is_official\":false"), "{}", template.id);
    }
}

#[test]
fn a_letter_is_refused_with_the_name_of_the_field_that_is_missing() {
    let mut filing = company_filing(Province::Gansu, 1);
    filing.services[0].principal.emergency_phone = None;
    let refused = |id: &str, filing: &Filing| match template(id).fill(&facts(filing)) {
        Err(PaperError::MissingField { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("authorisation-gs", &filing), "service.principal.emergency_phone");
    filing.organiser.name = "  ".to_owned();
    assert_eq!(refused("authorisation", &filing), "organiser.name");
    assert_eq!(refused("name-change-statement", &company_filing(Province::Hubei, 1)), "record.organiser.name");
}

#[test]
fn an_organiser_of_guangdong_gets_the_commitment_of_its_kind_and_no_other_provinces_letters() {
    let ids = |filing: &Filing| ids(&facts(filing));
    assert_eq!(
        ids(&company_filing(Province::Guangdong, 1)),
        ["authorisation", "commitment-gd-unit", "construction-plan"]
    );
    assert_eq!(ids(&person_filing(Province::Guangdong, 1)), ["commitment-gd-person", "construction-plan"]);
    assert_eq!(ids(&company_filing(Province::Shanghai, 1)), ["authorisation-sh", "construction-plan", "unit-letter"]);
    assert_eq!(ids(&company_filing(Province::Xinjiang, 1)), ["construction-plan", "party-building-letter"]);
    assert_eq!(ids(&person_filing(Province::Gansu, 1)), ["personal-site-pledge", "construction-plan"]);
    let mut cancelled = company_filing(Province::Jiangsu, 1);
    cancelled.order_type = OrderType::CancelAccess;
    assert_eq!(ids(&cancelled), [""; 0]);
    cancelled.order_type = OrderType::DeregisterService;
    assert_eq!(ids(&cancelled), ["service-deregistration-statement"]);
    cancelled.order_type = OrderType::DeregisterOrganiser;
    cancelled.services.clear();
    assert_eq!(ids(&cancelled), ["deregistration-statement"]);
}

#[test]
fn a_statement_that_a_service_is_deregistered_names_it() {
    let template = template("service-deregistration-statement");
    let filing = filing_for(template);
    let text = template.fill(&facts(&filing)).unwrap().content().to_string();
    assert!(text.contains(&filing.services[0].name) && text.contains("豫ICP备12345678号-1"), "{text}");
}

#[test]
fn a_new_name_is_stated_only_where_it_is_new() {
    let template = template("name-change-statement");
    let filing = filing_for(template);
    let before = renamed(&filing);
    for (record, is_offered) in [(Some(&before), true), (Some(&filing.organiser), false), (None, true)] {
        assert_eq!(template.fits(&Facts { record, ..facts(&filing) }), is_offered);
    }
}

#[test]
fn a_guardian_is_asked_for_the_young_alone() {
    let template = template("guardian-consent");
    let mut filing = person_filing(Province::Fujian, 1);
    for (years, is_offered) in [(17, true), (18, false)] {
        filing.organiser.principal.id.number = id_of_age(years);
        assert_eq!(template.fits(&facts(&filing)), is_offered, "{years}");
    }
    filing.organiser.principal.id.kind = 7;
    assert!(template.fits(&facts(&filing)), "a passport does not tell the age here");
}

#[test]
fn words_of_matters_bring_the_commitments_that_the_province_takes() {
    let ids = |province, name: &str| {
        let mut filing = company_filing(province, 1);
        filing.services[0].name = name.to_owned();
        ids(&facts(&filing))
    };
    for (province, name, letter, is_offered) in [
        (Province::Beijing, "示例辅导班", "no-training-commitment", true),
        (Province::Yunnan, "示例学科培训", "no-training-commitment", true),
        (Province::Hubei, "示例学科培训", "no-training-commitment", false),
        (Province::Jiangxi, "示例教育", "no-training-commitment", true),
        (Province::Beijing, "示例教育", "no-training-commitment", false),
        (Province::Jiangxi, "示例文化", "culture-commitment", true),
        (Province::Jiangxi, "示例网络文化", "culture-commitment", false),
        (Province::Guangdong, "示例基金", "finance-commitment", true),
        (Province::Guangdong, "示例科技", "finance-commitment", false),
        (Province::Shandong, "示例科技", "finance-commitment-sd", true),
        (Province::Henan, "示例影视", "matter-commitment", true),
        (Province::Hubei, "示例影视", "matter-commitment", false),
    ] {
        assert_eq!(ids(province, name).contains(&letter), is_offered, "{province:?} {name} {letter}");
    }
}

/// Where a paper comes from.
#[derive(Debug, PartialEq, Eq)]
enum Origin {
    /// The applicant writes it: there is a template for each of these provinces.
    Written(&'static [Province]),
    /// The bureau or another office issues it, or hands out the form that it accepts.
    Issued,
    /// A picture, or a document that exists already.
    Exists,
}

/// Every paper that a rule book may demand, and where it comes from. The provinces are those of the rule books and of
/// filing-rules §4.5 and §5.4.
fn origin(kind: MaterialKind) -> Origin {
    use MaterialKind as M;
    use Province::{
        Anhui, Beijing, Chongqing, Fujian, Guangdong, Guangxi, Hebei, Henan, Hunan, Jiangsu, Jiangxi, Jilin, Ningxia,
        Shaanxi, Shandong, Shanghai, Sichuan, Xinjiang, Yunnan, Zhejiang,
    };
    match kind {
        M::Commitment => Origin::Written(&[Guangdong, Jiangsu]),
        M::TruthLetter => Origin::Written(&[Jiangsu]),
        M::AuthorisationPrincipal | M::AuthorisationService => Origin::Written(&[Anhui, Hunan, Shanghai, Sichuan]),
        M::UnitLetter => Origin::Written(&[Hebei, Shanghai, Jiangsu, Zhejiang, Guangxi, Chongqing]),
        M::GuardianConsent => Origin::Written(&[Fujian, Shandong]),
        M::SitePlan => Origin::Written(&[Shanghai, Hunan, Guangdong, Chongqing, Guangxi, Jiangsu]),
        M::SituationStatement => Origin::Written(&[Sichuan, Ningxia]),
        M::RenameLetter => Origin::Written(&[Beijing, Jilin, Anhui, Guangdong]),
        M::PartyBuildingLetter => Origin::Written(&[Xinjiang]),
        M::TutoringCommitment => Origin::Written(&[
            Beijing, Shaanxi, Ningxia, Jiangsu, Shandong, Guangxi, Hebei, Yunnan, Anhui, Henan, Sichuan, Jiangxi,
        ]),
        M::CultureCommitment => Origin::Written(&[Jiangxi]),
        M::FinanceCommitment => Origin::Written(&[Shandong, Guangdong, Zhejiang]),
        M::MatterCommitment => Origin::Written(&[Anhui, Guangxi, Henan, Shandong]),
        M::Other => Origin::Written(&[]),
        M::StateBodyConfirmation | M::EstablishmentProof | M::SiteQualification | M::SiteNameReview => Origin::Issued,
        M::OrganiserCertificate
        | M::OrganiserPrincipalId
        | M::OrganiserPrincipalIdBack
        | M::ServicePrincipalId
        | M::ServicePrincipalIdBack
        | M::ServicePrincipalFace
        | M::LegalRepresentativeId
        | M::CommitmentVideo
        | M::ArticlesOfAssociation
        | M::ShareholderProof
        | M::ResidencePermit
        | M::TemporaryResidence
        | M::HouseDeed
        | M::HouseContract
        | M::Lease
        | M::SocialInsurance
        | M::StudentCard
        | M::EmploymentContract
        | M::EmploymentProof
        | M::IncomeProof
        | M::StudyProof
        | M::StatusProof
        | M::GuardianId
        | M::DomainCertificate
        | M::DomainRealNameScreenshot
        | M::PreApproval
        | M::MedicalLicence
        | M::MedicalAdvertising
        | M::SoleTraderLicence
        | M::RepresentativeWithLicence
        | M::VerificationSlip
        | M::AppIcon => Origin::Exists,
    }
}

#[test]
fn every_letter_that_a_rule_book_may_demand_has_a_template_or_is_issued_by_an_office() {
    let templates = letter_templates().unwrap();
    for kind in MaterialKind::ALL {
        let of_kind = || templates.iter().filter(move |template| template.materials.contains(&kind));
        let Origin::Written(provinces) = origin(kind) else {
            assert_eq!(of_kind().count(), 0, "{kind:?} is not written by the applicant");
            continue;
        };
        assert!(of_kind().count() > 0, "{kind:?} has no template");
        for province in provinces {
            let is_for = |template: &LetterTemplate| {
                !template.except.contains(province)
                    && (template.provinces.is_empty() || template.provinces.contains(province))
            };
            assert!(of_kind().any(is_for), "{kind:?} has no template in {province:?}");
        }
    }
    assert!(templates.iter().all(|template| !template.materials.is_empty()));
}

#[test]
fn words_of_a_filing_are_printed_and_never_read_as_placeholders_or_markup() {
    let mut filing = company_filing(Province::Hubei, 1);
    filing.organiser.name = "#pagebreak() {organiser.certificate.number} *公司*".to_owned();
    let paper = template("authorisation").fill(&facts(&filing)).unwrap();
    assert_eq!(paper.content()["particulars"][0][1], filing.organiser.name);
}
