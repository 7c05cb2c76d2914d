//! What people's requests store: those that come at the same time share a transaction.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use icp_bus::{Effects, Writes};
use icp_kit::Vault;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::access::keyed_requests;
use crate::archive::{self, ArchiveError};
use crate::entitlements::store::{self as entitlements, Need};
use crate::materials::store::{self as materials_store, PutMaterial, Removal};
use crate::order::Event;
use crate::store::{self, Change, Creator, StoredOrder};

/// A request that is decided and waits to be stored.
#[derive(Debug, Clone)]
pub enum OrderWrite {
    /// A new draft.
    Create {
        /// The draft.
        draft: Box<StoredOrder>,
        /// Who creates it.
        by: Creator,
        /// What follows from it.
        effects: Effects,
        /// The request with an `Idempotency-Key` that wants it.
        request: Option<Uuid>,
    },
    /// A transition.
    Change {
        /// The transition.
        change: Box<Change>,
        /// A material that comes with it.
        material: Option<Box<PutMaterial>>,
        /// Indexes of the services that need a valid entitlement for it.
        entitled: Vec<i32>,
        /// What follows from it.
        effects: Effects,
        /// The request with an `Idempotency-Key` that wants it.
        request: Option<Uuid>,
    },
}

impl OrderWrite {
    fn order_id(&self) -> Uuid {
        match self {
            Self::Create { draft, .. } => draft.id,
            Self::Change { change, .. } => change.id,
        }
    }

    fn request(&self) -> Option<Uuid> {
        match self {
            Self::Create { request, .. } | Self::Change { request, .. } => *request,
        }
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderWritten {
    /// It is stored.
    Stored,
    /// Somebody else was faster.
    Stale {
        /// Version of the order now.
        current: i64,
    },
    /// Services have no valid entitlement, and need one for this.
    Unentitled {
        /// Their indexes.
        services: Vec<i32>,
    },
    /// A repetition of the request has begun: this one came too late.
    Overtaken,
}

/// Stores requests.
#[derive(Debug)]
pub struct OrderWrites {
    /// Keys of what goes into the archive.
    pub vault: Vault,
}

#[async_trait]
impl Writes for OrderWrites {
    type Write = OrderWrite;
    type Outcome = OrderWritten;

    fn key(&self, write: &OrderWrite) -> Uuid {
        write.order_id()
    }

    async fn write(
        &self,
        connection: &mut PgConnection,
        group: &[OrderWrite],
        effects: &mut Effects,
    ) -> Result<Vec<OrderWritten>, sqlx::Error> {
        let overtaken = overtaken(connection, group).await?;
        let mut unentitled = unentitled(connection, group).await?;
        let mut drafts = Vec::new();
        let mut changes = Vec::new();
        for write in group {
            match write {
                write if overtaken.contains(&write.order_id()) || unentitled.contains_key(&write.order_id()) => {}
                OrderWrite::Create { draft, by, .. } => drafts.push((draft.as_ref(), by)),
                OrderWrite::Change { change, .. } => changes.push(change.as_ref().clone()),
            }
        }
        if !drafts.is_empty() {
            store::insert(connection, &drafts).await?;
        }
        let changed = if changes.is_empty() { Default::default() } else { store::save(connection, &changes).await? };
        let late: Vec<Uuid> = changes.iter().map(|change| change.id).filter(|id| !changed.contains(id)).collect();
        let current = if late.is_empty() { HashMap::new() } else { store::versions(connection, &late).await? };
        let is_refused =
            |write: &&OrderWrite| late.contains(&write.order_id()) || unentitled.contains_key(&write.order_id());
        let refused: Vec<Uuid> = group.iter().filter(is_refused).filter_map(OrderWrite::request).collect();
        if !refused.is_empty() {
            keyed_requests::take_back(connection, &refused).await?;
        }
        let is_submitted = |change: &&Change| {
            let is_first = matches!(change.events.first(), Some(Event::Submitted { .. }));
            is_first && changed.contains(&change.id)
        };
        let submitted: Vec<&Change> = changes.iter().filter(is_submitted).collect();
        if !submitted.is_empty() {
            store::keep_submissions(connection, &submitted).await?;
        }
        let carried_out = changes
            .iter()
            .filter(|change| changed.contains(&change.id))
            .filter_map(|change| change.carried_out.as_ref());
        archive::enter(connection, &self.vault, carried_out).await.map_err(|error| match error {
            ArchiveError::Database(error) => error,
            error => sqlx::Error::Encode(Box::new(error)),
        })?;
        let mut materials = Vec::new();
        for write in group {
            if let OrderWrite::Change { change, material: Some(material), .. } = write
                && changed.contains(&change.id)
            {
                materials.push((change.id, material.as_ref()));
            }
        }
        if !materials.is_empty() {
            materials_store::put(connection, &materials).await?;
        }
        take_out(connection, changes.iter().filter(|change| changed.contains(&change.id))).await?;
        let mut outcomes = Vec::with_capacity(group.len());
        for write in group {
            let own_effects = match write {
                write if overtaken.contains(&write.order_id()) => {
                    outcomes.push(OrderWritten::Overtaken);
                    continue;
                }
                OrderWrite::Create { effects, .. } => effects,
                OrderWrite::Change { change, .. } if unentitled.contains_key(&change.id) => {
                    let services = unentitled.remove(&change.id).unwrap_or_default();
                    outcomes.push(OrderWritten::Unentitled { services });
                    continue;
                }
                OrderWrite::Change { change, effects, .. } if changed.contains(&change.id) => effects,
                OrderWrite::Change { change, .. } => {
                    let current = current.get(&change.id).copied().unwrap_or_default();
                    outcomes.push(OrderWritten::Stale { current });
                    continue;
                }
            };
            effects.append(own_effects.clone());
            outcomes.push(OrderWritten::Stored);
        }
        Ok(outcomes)
    }
}

/// The services that need an entitlement for what is written and have none, by order. The orders are locked before the
/// codes, as wherever codes follow their orders.
async fn unentitled(
    connection: &mut PgConnection,
    group: &[OrderWrite],
) -> Result<HashMap<Uuid, Vec<i32>>, sqlx::Error> {
    let needs: Vec<Need<'_>> = group
        .iter()
        .filter_map(|write| match write {
            OrderWrite::Change { change, entitled, .. } if !entitled.is_empty() => {
                Some(Need { order_id: change.id, services: entitled, at: change.at })
            }
            _ => None,
        })
        .collect();
    if needs.is_empty() {
        return Ok(HashMap::new());
    }
    let orders: Vec<Uuid> = group.iter().map(OrderWrite::order_id).collect();
    sqlx::query("select id from orders where id = any($1) order by id for update")
        .bind(orders)
        .execute(&mut *connection)
        .await?;
    entitlements::missing(connection, &needs).await
}

/// Takes out materials that were taken back, and what belonged to services that are no longer declared.
async fn take_out(connection: &mut PgConnection, changes: impl Iterator<Item = &Change>) -> Result<(), sqlx::Error> {
    let mut removals = Vec::new();
    let mut amended = Vec::new();
    for change in changes {
        removals.extend(Removal::of(change));
        amended.extend(change.content.as_ref().map(|content| (change, content.services)));
    }
    if !removals.is_empty() {
        materials_store::remove(connection, &removals).await?;
    }
    if !amended.is_empty() {
        entitlements::let_go(connection, &amended).await?;
    }
    Ok(())
}

/// Notes which keyed requests are carried out here; answers the orders of those whose key a repetition has taken over.
/// A group holds one write per order.
async fn overtaken(connection: &mut PgConnection, group: &[OrderWrite]) -> Result<HashSet<Uuid>, sqlx::Error> {
    let keyed: Vec<(Uuid, Uuid)> =
        group.iter().filter_map(|write| Some((write.request()?, write.order_id()))).collect();
    if keyed.is_empty() {
        return Ok(HashSet::new());
    }
    let locations: Vec<String> = keyed.iter().map(|(_, order)| format!("/v1/orders/{order}")).collect();
    let requests: Vec<(Uuid, &str)> =
        keyed.iter().zip(&locations).map(|((request, _), location)| (*request, location.as_str())).collect();
    let noted = keyed_requests::carry_out(connection, &requests).await?;
    Ok(keyed.into_iter().filter(|(request, _)| !noted.contains(request)).map(|(_, order)| order).collect())
}
