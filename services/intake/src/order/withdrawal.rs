//! Taking an order back (撤销).
//!
//! Before it is queued nobody else has it: it is withdrawn at once. A queued order is with the relay, which may be
//! writing it into a file: the relay is asked, and only its answer withdraws the order, or says that it is too late.
//! Whichever comes first counts: if the bureau's receipt or decision overtakes the answer, the order is at the bureau.

use super::{Event, Order, Phase, Rejection, allow};

/// What the applicant's wish leads to; a cancellation can be taken back only before it is handed in (filing-rules
/// §1.3). Whoever asks twice while the relay is asked is not refused.
pub(super) fn withdraw(order: &Order) -> Result<Vec<Event>, Rejection> {
    let is_under_way = matches!(order.phase, Phase::Checking | Phase::ProviderReview | Phase::Queued);
    let (may, allowed) = if order.description().is_cancellation() {
        (order.phase.is_open(), "draft or returned, because it is a cancellation")
    } else {
        (order.phase.is_open() || is_under_way, "draft, checking, provider_review, queued or returned")
    };
    allow(order, may, allowed, || match order.phase {
        Phase::Queued if order.is_withdrawal_asked => Vec::new(),
        Phase::Queued => vec![Event::WithdrawalRequested],
        _ => vec![Event::Withdrawn],
    })
}

/// What the relay's answer leads to: nothing where it is not awaited any more.
pub(super) fn answered(order: &Order, attempt: u32, is_withdrawn: bool) -> Option<Event> {
    if !order.is_withdrawal_asked || attempt != order.attempt {
        return None;
    }
    match (order.phase, is_withdrawn) {
        (Phase::Queued, true) => Some(Event::Withdrawn),
        (Phase::Queued | Phase::AtBureau, false) => Some(Event::WithdrawalTooLate),
        _ => None,
    }
}

/// The bureau has it although it was withdrawn: what the bureau says of it counts all the same.
pub(super) fn is_overtaken(order: &Order) -> bool {
    order.phase == Phase::Withdrawn && order.is_handed_over
}
