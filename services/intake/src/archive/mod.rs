//! The archive: what is on record at the ministry through this provider, and how it came to be so.
//!
//! Reading order: [`record`] (what is kept), [`outcome`] (what the outcome of an order changes, pure but for keys),
//! [`store`] (SQL), [`lookup`] (one record), [`record_found`] (what orders are held against), [`search`] (lists),
//! [`prefill`], [`reuse`] (of an earlier order), [`carried`] (what the bureau is told again), [`footer`], [`mismatch`]
//! (duplicates, and differences from the bureau), [`completion`] (records that are still bare).
//!
//! Clear in the database: numbers, service names (the ministry publishes both), domains, packages of apps, addresses
//! of servers, provinces, accounts. All else is encrypted under a data key per organiser.

pub mod carried;
pub mod completion;
pub mod footer;
pub mod lookup;
pub mod mismatch;
pub mod outcome;
pub mod prefill;
pub mod record;
pub mod record_found;
pub mod reuse;
pub mod search;
pub mod store;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use icp_bus::Failure;
use icp_domain::{Filing, OrderType, Part, Province};
use icp_kit::Vault;
use icp_kit::vault::VaultError;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::approval::CarriedOut;
use crate::entitlements;
use crate::order::Numbers;
use outcome::Outcomes;
use outcome::removal::Removal;
use store::Concerned;

/// The outcome of an order: what the bureau put on record, or, for a claim or a transfer, what the provider did.
#[derive(Debug, Clone)]
pub struct Filed {
    /// The order.
    pub order_id: Uuid,
    /// Account that made the order; for a transfer, the account that takes the record over.
    pub account: String,
    /// Type of the order.
    pub order_type: OrderType,
    /// Province whose bureau decided.
    pub province: Province,
    /// The declared content.
    pub filing: Filing,
    /// Number of the organiser after the order.
    pub organiser_number: String,
    /// Numbers of the services after the order, in the order of the filing's services.
    pub service_numbers: Vec<String>,
    /// Id of the organiser in the bureau's store (Ztid), 0 where unknown.
    pub organiser_id: i64,
    /// Ids of the services there (Wzid), 0 or missing where unknown.
    pub service_ids: Vec<i64>,
    /// Ids of the accesses there (Jrid), 0 or missing where unknown.
    pub access_ids: Vec<i64>,
    /// When it was decided.
    pub at: DateTime<Utc>,
}

impl Filed {
    /// The outcome of an order that was carried out; its content is decrypted.
    pub fn of(vault: &Vault, done: &CarriedOut) -> Result<Self, ArchiveError> {
        let context = done.order_id.as_bytes();
        let clear = vault.unwrap_key(&done.data_key, context)?.decrypt(context, &done.content)?;
        let filing: Filing = serde_json::from_slice(&clear)?;
        let Numbers { organiser_number, service_numbers, ids } = done.numbers.clone();
        Ok(Self {
            order_id: done.order_id,
            account: done.account.clone(),
            order_type: done.order_type,
            province: filing.province,
            filing,
            organiser_number,
            service_numbers,
            organiser_id: ids.organiser,
            service_ids: ids.services,
            access_ids: ids.accesses,
            at: done.at,
        })
    }

    /// Numbers of the organiser: the one after the order, and the one that was declared.
    fn organiser_numbers(&self) -> impl Iterator<Item = &str> {
        let declared = self.filing.organiser.number.iter().map(String::as_str);
        std::iter::once(self.organiser_number.as_str()).chain(declared)
    }

    /// What the organiser may be found by.
    fn organiser_keys(&self) -> impl Iterator<Item = String> {
        self.organiser_numbers().map(record::number_key)
    }

    /// What the services may be found by.
    fn all_service_keys(&self) -> impl Iterator<Item = String> {
        let declared = self.filing.services.iter().filter_map(|service| service.number.as_deref());
        self.service_numbers.iter().map(String::as_str).chain(declared).map(record::number_key)
    }

    /// Whether the order may touch services that it does not name.
    fn concerns_all_services(&self) -> bool {
        let row = self.order_type.description();
        row.takes_record() || matches!(row.organiser, Part::Leaves | Part::Changed | Part::OnRecordElsewhere)
    }
}

/// Why the archive could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The database does not answer, or refuses.
    #[error("the archive's tables could not be read or written")]
    Database(#[from] sqlx::Error),
    /// Keys do not fit.
    #[error("archived personal data could not be encrypted or decrypted")]
    Vault(#[from] VaultError),
    /// A stored content is not what it was.
    #[error("an archived content is not readable")]
    Content(#[from] serde_json::Error),
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Failure::Retry(format!("{error}{cause}"))
    }
}

/// Enters what was carried out into the archive, in the transaction that ends the orders.
pub async fn enter<'a>(
    connection: &mut PgConnection,
    vault: &Vault,
    done: impl Iterator<Item = &'a CarriedOut>,
) -> Result<(), ArchiveError> {
    let filed = done.map(|done| Filed::of(vault, done)).collect::<Result<Vec<_>, _>>()?;
    if filed.is_empty() { Ok(()) } else { apply(connection, vault, &filed).await }
}

/// Enters outcomes into the archive, in their sequence, inside the transaction of the approvals.
///
/// An order that is in the archive already changes nothing. The number of statements does not grow with the batch.
pub async fn apply(connection: &mut PgConnection, vault: &Vault, filed: &[Filed]) -> Result<(), ArchiveError> {
    let new: HashSet<Uuid> = store::mark_applied(connection, filed).await?;
    let filed: Vec<&Filed> = filed.iter().filter(|filed| new.contains(&filed.order_id)).collect();
    if filed.is_empty() {
        return Ok(());
    }
    let mut outcomes = Outcomes::new(vault);
    store::load(connection, &Concerned::by_outcomes(&filed), &mut outcomes).await?;
    for filed in filed {
        outcomes.enter(filed)?;
    }
    store::write(connection, &outcomes).await?;
    entitlements::store::end(connection, &outcomes.ended()).await?;
    Ok(())
}

/// Takes off the archive what the bureau took off the record; what is off already changes nothing.
pub async fn remove(connection: &mut PgConnection, vault: &Vault, removals: &[Removal]) -> Result<(), ArchiveError> {
    let concerned = Concerned::by_removals(removals);
    let mut outcomes = Outcomes::new(vault);
    store::load(connection, &concerned, &mut outcomes).await?;
    let open_accesses = store::open_accesses(connection, concerned.services()).await?;
    for removal in removals {
        outcomes.remove(removal, &open_accesses);
    }
    store::write(connection, &outcomes).await?;
    entitlements::store::end(connection, &outcomes.ended()).await?;
    Ok(())
}
