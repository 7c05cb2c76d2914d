//! What people's requests store: those that come at the same time share a transaction.

use std::collections::HashMap;

use async_trait::async_trait;
use icp_bus::{Effects, Writes};
use icp_kit::Vault;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::archive::{self, ArchiveError};
use crate::order::Event;
use crate::store::{self, Change, MaterialRow, StoredOrder};

/// A request that is decided and waits to be stored.
#[derive(Debug)]
pub enum OrderWrite {
    /// A new draft.
    Create {
        /// The draft.
        draft: Box<StoredOrder>,
        /// What follows from it.
        effects: Effects,
    },
    /// A transition.
    Change {
        /// The transition.
        change: Box<Change>,
        /// A material that comes with it.
        material: Option<MaterialRow>,
        /// What follows from it.
        effects: Effects,
    },
}

impl OrderWrite {
    fn order_id(&self) -> Uuid {
        match self {
            Self::Create { draft, .. } => draft.id,
            Self::Change { change, .. } => change.id,
        }
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderWritten {
    /// It is stored.
    Stored {
        /// Location of a material that was replaced.
        replaced: Option<String>,
    },
    /// Somebody else was faster.
    Stale {
        /// Version of the order now.
        current: i64,
    },
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
        let mut drafts = Vec::new();
        let mut changes = Vec::new();
        for write in group {
            match write {
                OrderWrite::Create { draft, .. } => drafts.push(draft.as_ref()),
                OrderWrite::Change { change, .. } => changes.push(change.as_ref().clone()),
            }
        }
        if !drafts.is_empty() {
            store::insert(connection, &drafts).await?;
        }
        let changed = if changes.is_empty() { Default::default() } else { store::save(connection, &changes).await? };
        let late: Vec<Uuid> = changes.iter().map(|change| change.id).filter(|id| !changed.contains(id)).collect();
        let current = if late.is_empty() { HashMap::new() } else { store::versions(connection, &late).await? };
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
                materials.push((change.id, material, change.at));
            }
        }
        let mut replaced =
            if materials.is_empty() { HashMap::new() } else { store::put_materials(connection, &materials).await? };
        let mut outcomes = Vec::with_capacity(group.len());
        for write in group {
            let (id, own_effects) = match write {
                OrderWrite::Create { draft, effects, .. } => (draft.id, effects),
                OrderWrite::Change { change, effects, .. } if changed.contains(&change.id) => (change.id, effects),
                OrderWrite::Change { change, .. } => {
                    let current = current.get(&change.id).copied().unwrap_or_default();
                    outcomes.push(OrderWritten::Stale { current });
                    continue;
                }
            };
            effects.append(own_effects.clone());
            outcomes.push(OrderWritten::Stored { replaced: replaced.remove(&id) });
        }
        Ok(outcomes)
    }
}
