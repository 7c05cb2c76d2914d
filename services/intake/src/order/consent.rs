//! The consent of the account that holds a record, which a transfer (转移备案) waits for: no document proves the right to
//! the record.

use icp_domain::{Finding, Severity, Stage};

use super::{Event, Order, Phase, Rejection, RulesVerdict, after_check, allow, returned};

const AWAITED: &str = "checking, by types that need consent";

/// Whether it waits for the account that holds the record.
pub(super) fn is_awaited(order: &Order) -> bool {
    order.phase == Phase::Checking && !order.consent_given
}

/// The holder lets the record go, unless something stands in the way by now.
pub(super) fn give(order: &Order, verdict: RulesVerdict) -> Result<Vec<Event>, Rejection> {
    if is_awaited(order) && verdict.blocks() {
        return Err(Rejection::Blocked(verdict.findings));
    }
    allow(order, is_awaited(order), AWAITED, || after_check(order, Event::ConsentGiven))
}

/// The holder keeps the record.
pub(super) fn refuse(order: &Order) -> Result<Vec<Event>, Rejection> {
    allow(order, is_awaited(order), AWAITED, || vec![Event::ConsentRefused, returned(Stage::Rules, vec![refusal()])])
}

fn refusal() -> Finding {
    Finding {
        code: "S07".to_owned(),
        stage: Stage::Rules,
        severity: Severity::Block,
        field: "organiser.number".to_owned(),
        message_zh: "持有该备案的账号不同意转移".to_owned(),
        message_en: "the account that holds the record keeps it".to_owned(),
        remedy: "agree with its holder, then submit again; or withdraw the order".to_owned(),
        source: None,
    }
}
