//! The ways back to the applicant, and what they leave open.

use icp_domain::{Finding, Severity, Stage};

use super::{Event, Order, Phase, Rejection, allow};

/// Back to the applicant, who may amend everything that the type leaves open.
pub(super) fn returned(by: Stage, findings: Vec<Finding>) -> Event {
    Event::Returned { by, findings, amendable: None }
}

pub(super) fn return_by_reviewer(
    order: &Order,
    findings: Vec<Finding>,
    amendable: Option<Vec<String>>,
) -> Result<Vec<Event>, Rejection> {
    if findings.is_empty() {
        return Err(Rejection::NoReason);
    }
    if amendable.as_ref().is_some_and(Vec::is_empty) {
        return Err(Rejection::NoField);
    }
    allow(order, order.phase == Phase::ProviderReview, "provider_review", || {
        vec![Event::Returned { by: Stage::Review, findings, amendable }]
    })
}

/// What a return before the reviewer leaves open where the reviewer's last one named fields: these, and what blocks now.
pub(super) fn still_amendable(order: &Order) -> Option<Vec<String>> {
    let mut named = order.amendable.clone()?;
    for finding in order.findings.iter().filter(|finding| finding.severity == Severity::Block) {
        if !finding.field.is_empty() && !named.contains(&finding.field) {
            named.push(finding.field.clone());
        }
    }
    Some(named)
}
