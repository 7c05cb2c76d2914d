//! How an order ends: what the bureau says, and the numbers that are filed then.

use icp_domain::Part;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Event, Order, Phase, withdrawal};

/// Ids of the bureau's store (Ztid, Wzid, Jrid), in the order of the filing's services; 0 or missing where unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BureauIds {
    /// Of the organiser.
    pub organiser: i64,
    /// Of the services.
    pub services: Vec<i64>,
    /// Of their accesses.
    pub accesses: Vec<i64>,
}

/// What is filed, or was taken off the record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Numbers {
    /// Number of the organiser (主体备案号).
    pub organiser_number: String,
    /// Numbers of the services, in the order of the filing's.
    pub service_numbers: Vec<String>,
    /// The bureau's own ids.
    #[serde(default)]
    pub ids: BureauIds,
}

/// The end of an order: with these numbers, or with those on record that it names.
pub(super) fn done(order: &Order, mut numbers: Numbers) -> Event {
    if numbers.organiser_number.is_empty() {
        numbers.organiser_number = order.organiser_number.clone().unwrap_or_default();
    }
    if numbers.service_numbers.is_empty() {
        numbers.service_numbers.clone_from(&order.service_numbers);
    }
    // The bureau may tell services that it was told again and that the order does not name.
    if order.description().services == Part::Absent {
        numbers.service_numbers.clear();
        numbers.ids = BureauIds { organiser: numbers.ids.organiser, ..BureauIds::default() };
    }
    if order.description().is_cancellation() { Event::Cancelled(numbers) } else { Event::Approved(numbers) }
}

/// An answer of the bureau may overtake the receipt of its file.
pub(super) fn from_bureau(order: &Order, attempt: u32, answer: Event) -> Vec<Event> {
    if attempt != order.attempt {
        return Vec::new();
    }
    let is_too_late = withdrawal::is_overtaken(order) && !matches!(answer, Event::Returned { .. });
    match order.phase {
        Phase::AtBureau => vec![answer],
        // The relay itself may refuse what the bureau would refuse.
        Phase::Queued if matches!(answer, Event::Returned { .. }) => vec![answer],
        Phase::Queued => vec![Event::ReceivedByBureau { data_sequence: 0 }, answer],
        _ if is_too_late => vec![Event::ReceivedByBureau { data_sequence: 0 }, answer],
        _ => Vec::new(),
    }
}

/// What is known of an order once it has ended so.
pub(super) fn enter(order: &mut Order, numbers: &Numbers) {
    order.is_withdrawal_asked = false;
    order.findings = Vec::new();
    order.organiser_number = Some(numbers.organiser_number.clone());
    order.service_numbers.clone_from(&numbers.service_numbers);
}
