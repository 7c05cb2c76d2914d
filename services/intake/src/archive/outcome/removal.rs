//! What the bureau takes off the record without an order that was carried out here (ZXSJ).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Change, Outcomes};
use crate::archive::record::number_key;

/// What is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// An organiser with all of its services.
    Organiser,
    /// A service.
    Service,
    /// The access of a service through this provider.
    Access,
}

impl Removed {
    /// From its text form, e.g. `organiser`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "organiser" => Some(Self::Organiser),
            "service" => Some(Self::Service),
            "access" => Some(Self::Access),
            _ => None,
        }
    }
}

/// A record that the bureau took off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// What was taken off.
    pub what: Removed,
    /// Its filing number; for an access, that of its service.
    pub number: String,
    /// Its id in the bureau's store.
    pub bureau_id: i64,
    /// When it was told.
    pub at: DateTime<Utc>,
}

impl Removal {
    /// What the record is found by.
    pub fn key(&self) -> String {
        number_key(&self.number)
    }

    /// Whether it is about what has this id; an id that is not known fits every one.
    fn is_of(&self, bureau_id: Option<i64>) -> bool {
        bureau_id.is_none_or(|known| known == self.bureau_id)
    }
}

impl Outcomes<'_> {
    /// Takes off what the bureau removed. What is off already, or was filed anew under another id, stays as it is;
    /// `open_accesses` are the ids of accesses that stand, by service.
    pub fn remove(&mut self, removal: &Removal, open_accesses: &HashMap<Uuid, i64>) {
        let Some(id) = self.find(&removal.key()) else { return };
        let change = |organiser_id| Change { organiser_id, at: removal.at, order: None };
        if removal.what == Removed::Organiser {
            if self.organisers.get(&id).is_some_and(|record| removal.is_of(record.bureau_id)) {
                self.take_organiser_off(change(id));
            }
            return;
        }
        let Some(record) = self.services.get(&id) else { return };
        let change = change(record.organiser_id);
        if removal.what == Removed::Service && removal.is_of(record.bureau_id) {
            self.take_off(change, id);
        } else if removal.what == Removed::Access && removal.is_of(open_accesses.get(&id).copied()) {
            self.disconnect(change, id);
        }
    }
}
