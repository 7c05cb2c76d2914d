//! From a filing to the data of its papers. What sets them is a program of its own.

use chrono::{DateTime, NaiveDate};
use icp_domain::Filing;
use icp_intake::api::body;
use icp_intake::content;
use icp_papers::{
    Completion, Evidence, EvidenceKind, Facts, Output, Paper, PrintJob, Slip, SlipOrder, Submission,
    acceptance_receipt, completion_notice, letter_templates,
};
use uuid::Uuid;

use crate::Outcome;

const PROVIDER: &str = "示例云计算有限公司";

/// Slip, letters and receipts of an order. Receipts can be written for whatever passes the checks, and a slip says
/// only what was proved.
pub fn papers(input: &[u8]) -> Outcome {
    let Ok(filing) = body::parse::<Filing>(input) else { return Outcome::Refused };
    let is_valid = content::validate(&filing).is_empty();
    let is_named = !filing.organiser.name.trim().is_empty();
    let date = NaiveDate::default();
    let facts = |service| Facts {
        filing: &filing,
        service,
        order_id: Uuid::nil(),
        provider_name: PROVIDER,
        date,
        record: Some(&filing.organiser),
    };
    let numbers = vec![String::from("粤ICP备2021000001号-1"); filing.services.len()];
    let completion = Completion {
        organiser_number: "粤ICP备2021000001号",
        service_numbers: &numbers,
        ended_on: date,
        shows_organiser_number: numbers.len() > 1,
    };
    let receipts = [acceptance_receipt(&facts(0), 1, date, is_valid), completion_notice(&facts(0), &completion)];
    for receipt in receipts {
        assert!(receipt.is_ok() || !(is_valid && is_named), "a good order has no receipt: {:?}", receipt.err());
        receipt.into_iter().for_each(travels);
    }
    let templates = letter_templates();
    assert!(templates.is_ok(), "the templates cannot be read");
    for template in templates.into_iter().flatten().filter(|template| template.fits(&facts(0))) {
        (0..filing.services.len().max(1)).filter_map(|service| template.fill(&facts(service)).ok()).for_each(travels);
    }
    (0..filing.services.len()).for_each(|service| slip(&filing, service, date));
    Outcome::Read
}

fn slip(filing: &Filing, service: usize, date: NaiveDate) {
    let order = SlipOrder { filing, service };
    let submission = Submission { order_id: Uuid::nil(), attempt: 1 };
    let pass = Evidence {
        submission,
        kind: EvidenceKind::Reviewer,
        check: String::from("review"),
        field: String::new(),
        outcome: icp_papers::Outcome::Passed,
        id: String::from("event-7"),
        at: DateTime::UNIX_EPOCH,
    };
    let Ok(slip) = Slip::fill(order, submission, &[pass], PROVIDER, date) else { return };
    for tick in slip.ticks() {
        assert!(!tick.evidence().is_empty(), "a box is ticked without a proof");
        let demands = tick.field().demands(order);
        assert!(demands.iter().all(|demand| demand.kind == EvidenceKind::Reviewer), "{:?} is ticked", tick.field());
    }
    travels(slip.paper().clone());
}

/// The press gets what was written for it.
fn travels(paper: Paper) {
    let job = PrintJob { paper, output: Output::Pdf, font_file: None };
    let written = serde_json::to_vec(&job).unwrap_or_default();
    assert_eq!(
        serde_json::from_slice::<PrintJob>(&written).ok(),
        Some(job),
        "a paper that was written reads otherwise"
    );
}
