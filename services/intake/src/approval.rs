//! What has been carried out goes from the order into the archive, in the transaction that ends the order.

use chrono::{DateTime, Utc};
use icp_domain::{OrderType, Part};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::order::{Event, Numbers};
use crate::store::{self, NewlyFiled, StoredOrder};

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
        Some(Self {
            order_id: stored.id,
            account: stored.account.clone(),
            province: stored.province.clone(),
            order_type: stored.order.order_type,
            content: stored.content.clone(),
            data_key: stored.data_key.clone(),
            numbers,
            at,
        })
    }
}

/// Enters what was carried out into the archive. The one place that does.
pub async fn file(connection: &mut PgConnection, carried_out: &[&CarriedOut]) -> Result<(), sqlx::Error> {
    let newly_filed: Vec<NewlyFiled> = carried_out
        .iter()
        .filter(|done| done.order_type.description().access == Part::New)
        .map(|done| NewlyFiled {
            order_id: done.order_id,
            organiser_number: done.numbers.organiser_number.clone(),
            service_numbers: done.numbers.service_numbers.clone(),
            at: done.at,
        })
        .collect();
    if newly_filed.is_empty() {
        return Ok(());
    }
    store::file_services(connection, &newly_filed).await
}
