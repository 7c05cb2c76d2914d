//! Handing in again what came back because nobody confirmed the ministry's SMS (filing-rules §2.3): that is no refusal,
//! and what is unchanged was checked and reviewed. The rules judge once more, for they may be others by now.

use icp_domain::{Finding, Stage};

use super::{Event, Order, Phase, Rejection, RulesVerdict, allow};

/// Code of the finding that the ministry's SMS was not confirmed.
pub const SMS_UNCONFIRMED: &str = "V05";

/// Whether a return says nothing but that.
pub(super) fn is_unconfirmed(by: Stage, findings: &[Finding]) -> bool {
    by == Stage::Bureau && !findings.is_empty() && findings.iter().all(|finding| finding.code == SMS_UNCONFIRMED)
}

/// A new attempt, queued at once.
pub(super) fn resubmit(order: &Order, verdict: RulesVerdict) -> Result<Vec<Event>, Rejection> {
    let may = order.phase == Phase::Returned && order.may_be_resubmitted;
    if may && verdict.blocks() {
        return Err(Rejection::Blocked(verdict.findings));
    }
    let resubmitted = Event::Resubmitted { attempt: order.attempt + 1 };
    allow(order, may, "returned, unchanged since nobody confirmed the ministry's SMS", || {
        vec![resubmitted, Event::RulesJudged(verdict), Event::Passed]
    })
}
