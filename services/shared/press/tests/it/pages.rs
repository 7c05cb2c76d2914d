//! Papers are set, with the font of this machine.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use icp_domain::{AppPlatform, Filing, Platform, Province, ServiceKind};
use icp_papers::{
    Completion, Evidence, EvidenceKind, Facts, LetterTemplate, Outcome, Paper, Slip, SlipField, SlipOrder, Submission,
    acceptance_receipt, completion_notice, letter_templates,
};
use icp_press::{Press, PressError};
use icp_testkit::filings::{company_filing, person_filing};
use uuid::Uuid;

const BUREAU_LIMIT_BYTES: usize = 150 * 1024;
const PROVIDER: &str = "示例云计算有限公司";

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
}

fn submission() -> Submission {
    Submission { order_id: Uuid::from_u128(0x0199_aabb_ccdd_7000_8000_1234_5678_9abc), attempt: 1 }
}

pub(crate) fn slip(filing: &Filing) -> Paper {
    let order = SlipOrder { filing, service: 0 };
    let at: DateTime<Utc> = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
    let proof = |kind, check: &str, field: &str| Evidence {
        submission: submission(),
        kind,
        check: check.to_owned(),
        field: field.to_owned(),
        outcome: Outcome::Passed,
        id: Uuid::from_u128(field.len() as u128).to_string(),
        at,
    };
    let mut evidence = vec![proof(EvidenceKind::Reviewer, "passed", "")];
    evidence.extend(Evidence::of_rules(submission(), Some(&"5f".repeat(32)), &[], at));
    for demand in SlipField::ALL.into_iter().flat_map(|field| field.demands(order)) {
        if demand.kind != EvidenceKind::Reviewer {
            evidence.push(proof(
                demand.kind,
                demand.check.map_or("citizen", icp_domain::CheckName::as_str),
                &demand.field,
            ));
        }
    }
    Slip::fill(order, submission(), &evidence, PROVIDER, day()).unwrap().paper().clone()
}

fn as_kind(kind: ServiceKind, mut filing: Filing) -> Filing {
    let service = &mut filing.services[0];
    service.kind = kind;
    if kind != ServiceKind::Website {
        service.domains.clear();
        service.home_url = None;
    }
    if kind == ServiceKind::App {
        service.app_platforms = vec![AppPlatform {
            platform: Platform::Android,
            package: "cn.example.shop".to_owned(),
            public_key: "a".repeat(64),
            certificate_fingerprint: "b".repeat(32),
            domains: Vec::new(),
            sdk_providers: Vec::new(),
        }];
    }
    filing
}

fn facts(filing: &Filing) -> Facts<'_> {
    let order_id = submission().order_id;
    Facts { filing, service: 0, order_id, provider_name: PROVIDER, date: day(), record: Some(&filing.organiser) }
}

pub(crate) fn has(pdf: &[u8], text: &str) -> bool {
    pdf.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn slips_of_all_kinds_are_one_page_and_fit_into_the_bureaus_limit() {
    let press = Press::open(None).unwrap();
    let kinds = [ServiceKind::Website, ServiceKind::App, ServiceKind::MiniProgram, ServiceKind::QuickApp];
    for kind in kinds {
        for filing in [company_filing(Province::Guangdong, 1), person_filing(Province::Zhejiang, 1)] {
            let paper = slip(&as_kind(kind, filing));
            let pdf = press.pdf(&paper).unwrap();
            assert!(pdf.starts_with(b"%PDF-") && has(&pdf, "/Count 1") && has(&pdf, "application#2Fjson"), "{kind:?}");
            let jpeg = press.jpeg(&paper, BUREAU_LIMIT_BYTES).unwrap();
            assert!(jpeg.len() <= BUREAU_LIMIT_BYTES, "{} bytes", jpeg.len());
            let (width, height) =
                image::ImageReader::with_format(std::io::Cursor::new(&jpeg), image::ImageFormat::Jpeg)
                    .into_dimensions()
                    .unwrap();
            // A4 at 110 dots per inch and more.
            assert!(width >= 909 && height >= 1286, "{width} × {height}");
        }
    }
}

#[test]
fn a_slip_with_a_hundred_domains_has_an_annex_and_its_picture_fits_into_the_bureaus_limit() {
    let mut filing = company_filing(Province::Guangdong, 1);
    filing.services[0].domains = (0..100).map(|n| format!("specimen-with-a-long-name-{n:04}.cn")).collect();
    let paper = slip(&filing);
    let content = paper.content();
    assert_eq!(content["annex"]["marks"].as_array().unwrap().len(), 100);
    assert!(content["annex"]["notes"].as_array().unwrap().len() > 100 && content["notes"] == serde_json::json!([]));
    assert_eq!(content["head"][2]["text"], "specimen-with-a-long-name-0000.cn 等100个，详见附页");
    let press = Press::open(None).unwrap();
    let pdf = press.pdf(&paper).unwrap();
    assert!(has(&pdf, "/Count ") && !has(&pdf, "/Count 1"));
    let picture = press.jpeg(&paper, BUREAU_LIMIT_BYTES).unwrap();
    assert!(picture.len() <= BUREAU_LIMIT_BYTES);
    assert_eq!(picture, press.jpeg(&paper.clone().for_picture(), BUREAU_LIMIT_BYTES).unwrap());
    // The annex is no way around the one page.
    filing.organiser.name = "示".repeat(3000);
    let too_long = slip(&filing);
    assert!(matches!(press.pdf(&too_long), Err(PressError::TooLong { .. })));
    assert!(matches!(press.jpeg(&too_long, BUREAU_LIMIT_BYTES), Err(PressError::TooLong { .. })));
}

#[test]
fn the_same_paper_has_the_same_bytes_and_another_date_has_others() {
    let filing = company_filing(Province::Guangdong, 1);
    let paper = slip(&filing);
    let press = || Press::open(None).unwrap();
    assert_eq!(press().pdf(&paper).unwrap(), press().pdf(&paper).unwrap());
    let picture = press().jpeg(&paper, BUREAU_LIMIT_BYTES).unwrap();
    assert_eq!(picture, press().jpeg(&paper, BUREAU_LIMIT_BYTES).unwrap());
    assert_eq!(picture, press().jpeg(&paper.clone().for_picture(), BUREAU_LIMIT_BYTES).unwrap());
    let letter = |date| letter_templates().unwrap()[0].fill(&Facts { date, ..facts(&filing) }).unwrap();
    let later = day().succ_opt().unwrap();
    assert_ne!(press().pdf(&letter(day())).unwrap(), press().pdf(&letter(later)).unwrap());
}

#[test]
fn every_letter_and_receipt_can_be_set() {
    let press = Press::open(None).unwrap();
    let mut filing = company_filing(Province::Jiangsu, 4);
    filing.organiser.number = Some("苏ICP备12345678号".to_owned());
    filing.services[0].number = Some("苏ICP备12345678号-1".to_owned());
    filing.cancellation = Some(icp_domain::Cancellation { reason: 1, note: Some("停止运营".to_owned()) });
    let letters = letter_templates().unwrap().iter().map(|template: &LetterTemplate| template.fill(&facts(&filing)));
    let numbers = ["苏ICP备12345678号-1".to_owned()];
    let completion = Completion {
        organiser_number: "苏ICP备12345678号",
        service_numbers: &numbers,
        ended_on: day(),
        shows_organiser_number: false,
    };
    let receipts =
        [acceptance_receipt(&facts(&filing), 1, day(), true), completion_notice(&facts(&filing), &completion)];
    for paper in letters.chain(receipts) {
        let paper = paper.unwrap();
        let pdf = press.pdf(&paper).unwrap();
        assert!(has(&pdf, "/Count "), "{}", paper.attachment());
    }
}

#[test]
fn rare_characters_of_a_name_are_taken_from_other_fonts() {
    let mut filing = company_filing(Province::Guangdong, 1);
    let common = Press::open(None).unwrap().pdf(&slip(&filing)).unwrap();
    // U+2A6D6 is in extension B, U+4DAE in extension A: another file of the same Debian package.
    filing.organiser.name = "𪛖䶮有限公司".to_owned();
    let rare = Press::open(None).unwrap().pdf(&slip(&filing)).unwrap();
    let fonts =
        |pdf: &[u8]| pdf.windows(10).filter(|window| window == b"/FontFile2" || window == b"/FontFile3").count();
    assert_eq!((fonts(&common), fonts(&rare)), (1, 3));
}

#[test]
fn a_character_that_no_font_has_refuses_the_paper_by_name() {
    let mut filing = company_filing(Province::Guangdong, 1);
    // A code point that Unicode leaves to private use.
    filing.organiser.name = "示例\u{10fffd}公司".to_owned();
    let refused = Press::open(None).unwrap().pdf(&slip(&filing));
    assert!(matches!(refused, Err(PressError::NoGlyph('\u{10fffd}'))), "{refused:?}");
}

#[test]
fn a_font_that_is_not_there_is_named() {
    let refused = Press::open(Some(Path::new("/nowhere/font.ttc"))).err().unwrap().to_string();
    assert!(refused.contains("/nowhere/font.ttc"), "{refused}");
    assert!(PressError::NoFont.to_string().contains("fonts-wqy-microhei"));
}
