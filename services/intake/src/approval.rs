//! What has been carried out: it goes from the order into the archive, in the transaction that ends the order.

use chrono::{DateTime, Utc};
use icp_domain::OrderType;
use uuid::Uuid;

use crate::order::{Event, Numbers};
use crate::store::StoredOrder;

/// An order that ended approved or cancelled, as far as the archive needs it.
#[derive(Debug, Clone)]
pub struct CarriedOut {
    /// The order.
    pub order_id: Uuid,
    /// Account of the order.
    pub account: String,
    /// Letters of the province.
    pub province: String,
    /// What was asked for; its description says what is new, changed or gone.
    pub order_type: OrderType,
    /// The filing, encrypted.
    pub content: Vec<u8>,
    /// Wrapped key of the content.
    pub data_key: Vec<u8>,
    /// What the bureau, or the record, says of it.
    pub numbers: Numbers,
    /// When.
    pub at: DateTime<Utc>,
}

impl CarriedOut {
    /// The end of the order, if it is among these events.
    pub fn of(stored: &StoredOrder, events: &[Event], at: DateTime<Utc>) -> Option<Self> {
        let numbers = events.iter().find_map(|event| match event {
            Event::Approved(numbers) | Event::Cancelled(numbers) => Some(numbers.clone()),
            _ => None,
        })?;
        Some(Self { numbers, ..Self::ended(stored, at) })
    }

    /// An order that has ended: with the numbers of its state, the bureau's ids are not known.
    pub fn ended(stored: &StoredOrder, at: DateTime<Utc>) -> Self {
        Self {
            order_id: stored.id,
            account: stored.account.clone(),
            province: stored.province.clone(),
            order_type: stored.order.order_type,
            content: stored.content.clone(),
            data_key: stored.data_key.clone(),
            numbers: Numbers {
                organiser_number: stored.order.organiser_number.clone().unwrap_or_default(),
                service_numbers: stored.order.service_numbers.clone(),
                ids: Default::default(),
            },
            at,
        }
    }
}
