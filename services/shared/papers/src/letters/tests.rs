use chrono::NaiveDate;
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
    let province = template.provinces.first().copied().unwrap_or(Province::Hubei);
    let mut filing = match template.organiser {
        Some(OrganiserType::Person) => person_filing(province, 1),
        _ => company_filing(province, 1),
    };
    filing.order_type = template.order_types.first().copied().unwrap_or(OrderType::FirstFiling);
    filing.organiser.number = Some("鄂ICP备12345678号".to_owned());
    if let Some(word) = template.words.first() {
        filing.services[0].name.push_str(word);
    }
    filing.cancellation = Some(icp_domain::Cancellation { reason: 1, note: Some("不再提供服务".to_owned()) });
    filing
}

#[test]
fn every_letter_fits_the_filing_that_it_is_for_and_is_filled_without_a_placeholder_left() {
    for template in letter_templates().unwrap() {
        let filing = filing_for(template);
        assert!(template.fits(&filing), "{}", template.id);
        let paper = template.fill(&Facts { record: Some(&filing.organiser), ..facts(&filing) }).unwrap();
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
    let ids = |filing: &Filing| {
        let fitting = letter_templates().unwrap().iter().filter(|template| template.fits(filing));
        fitting.map(|template| template.id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(
        ids(&company_filing(Province::Guangdong, 1)),
        ["authorisation", "commitment-gd-unit", "construction-plan"]
    );
    assert_eq!(ids(&person_filing(Province::Guangdong, 1)), ["commitment-gd-person"]);
    assert_eq!(ids(&company_filing(Province::Shanghai, 1)), ["authorisation-sh", "construction-plan"]);
    assert_eq!(ids(&person_filing(Province::Gansu, 1)), ["personal-site-pledge"]);
    let mut cancelled = company_filing(Province::Jiangsu, 1);
    cancelled.order_type = OrderType::CancelAccess;
    assert_eq!(ids(&cancelled), [""; 0]);
    cancelled.order_type = OrderType::DeregisterOrganiser;
    cancelled.services.clear();
    assert_eq!(ids(&cancelled), ["deregistration-statement"]);
}

#[test]
fn words_of_a_filing_are_printed_and_never_read_as_placeholders_or_markup() {
    let mut filing = company_filing(Province::Hubei, 1);
    filing.organiser.name = "#pagebreak() {organiser.certificate.number} *公司*".to_owned();
    let paper = template("authorisation").fill(&facts(&filing)).unwrap();
    assert_eq!(paper.content()["particulars"][0][1], filing.organiser.name);
}
