//! What outcomes of orders change in the archive, by the one description of order types.
//!
//! [`Outcomes`] holds the records that a batch concerns, takes the outcomes one after the other, and knows at the end
//! what has to be written. What the bureau takes off without an order goes the same way ([`removal`]).

pub mod removal;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use icp_domain::identifiers::FilingNumber;
use icp_domain::{Access, InternetService, OrderType, Organiser, Part};
use icp_kit::{DataKey, Vault};
use uuid::Uuid;

use super::record::{
    CERTIFICATE_FIELD, Opening, OrganiserRecord, ServiceRecord, Status, Traits, certificate_key, kind_text,
    normal_number, number_key, unit_name,
};
use super::{ArchiveError, Filed};
use crate::entitlements::store::Ended;

/// Something that happened to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLine {
    /// The organiser, or the organiser of the service.
    pub organiser_id: Uuid,
    /// The service; none for the organiser itself.
    pub service_id: Option<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
    /// By which order, and its type; none where the bureau took the record off by itself.
    pub order: Option<(Uuid, OrderType)>,
    /// What, e.g. `filed`.
    pub event: &'static str,
}

/// A number that a record has from now on; the record's other numbers end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNumber {
    /// The number.
    pub number: String,
    /// Whether the record is a service.
    pub is_service: bool,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The records of a batch and what happened to them.
pub struct Outcomes<'a> {
    vault: &'a Vault,
    organisers: BTreeMap<Uuid, OrganiserRecord>,
    services: BTreeMap<Uuid, ServiceRecord>,
    by_key: HashMap<String, Uuid>,
    by_former_key: HashMap<String, Uuid>,
    keys: HashMap<Uuid, DataKey>,
    touched: HashSet<Uuid>,
    /// New domains and packages, by service.
    pub traits: BTreeMap<Uuid, Traits>,
    /// Accesses that end, by service.
    pub closings: BTreeMap<Uuid, DateTime<Utc>>,
    /// Accesses that begin, by service; an open one ends at the same time.
    pub openings: BTreeMap<Uuid, Opening>,
    /// Numbers that begin, by record.
    pub numbers: BTreeMap<Uuid, NewNumber>,
    /// What happened, oldest first.
    pub history: Vec<HistoryLine>,
}

/// One order's outcome at work, with the organiser that it is about.
struct Entry<'f> {
    filed: &'f Filed,
    organiser_id: Uuid,
}

/// When the records of an organiser change, and by which order.
#[derive(Debug, Clone, Copy)]
struct Change {
    organiser_id: Uuid,
    at: DateTime<Utc>,
    order: Option<(Uuid, OrderType)>,
}

impl Entry<'_> {
    fn change(&self) -> Change {
        let Filed { order_id, order_type, at, .. } = self.filed;
        Change { organiser_id: self.organiser_id, at: *at, order: Some((*order_id, *order_type)) }
    }
}

impl<'a> Outcomes<'a> {
    /// Nothing yet.
    pub fn new(vault: &'a Vault) -> Self {
        Self {
            vault,
            organisers: BTreeMap::new(),
            services: BTreeMap::new(),
            by_key: HashMap::new(),
            by_former_key: HashMap::new(),
            keys: HashMap::new(),
            touched: HashSet::new(),
            traits: BTreeMap::new(),
            closings: BTreeMap::new(),
            openings: BTreeMap::new(),
            numbers: BTreeMap::new(),
            history: Vec::new(),
        }
    }

    /// An organiser that the batch may concern, with the keys of the numbers that it had before.
    pub fn know_organiser(&mut self, record: OrganiserRecord, former: Vec<String>) {
        self.by_former_key.extend(former.into_iter().map(|key| (key, record.id)));
        self.by_key.insert(number_key(&record.number), record.id);
        self.organisers.insert(record.id, record);
    }

    /// A service that the batch may concern, with the keys of the numbers that it had before.
    pub fn know_service(&mut self, record: ServiceRecord, former: Vec<String>) {
        self.by_former_key.extend(former.into_iter().map(|key| (key, record.id)));
        self.by_key.insert(number_key(&record.number), record.id);
        self.services.insert(record.id, record);
    }

    /// The record that has the number with this key, or had it.
    fn find(&self, key: &str) -> Option<Uuid> {
        self.by_key.get(key).or_else(|| self.by_former_key.get(key)).copied()
    }

    /// Organisers that changed.
    pub fn changed_organisers(&self) -> Vec<&OrganiserRecord> {
        self.organisers.values().filter(|record| self.touched.contains(&record.id)).collect()
    }

    /// Services that changed.
    pub fn changed_services(&self) -> Vec<&ServiceRecord> {
        self.services.values().filter(|record| self.touched.contains(&record.id)).collect()
    }

    /// Services that were taken off or disconnected, with the reason.
    pub fn ended(&self) -> Vec<Ended> {
        let reason = |event: &str| match event {
            "deregistered" => Some("its service was deregistered"),
            "disconnected" => Some("the access of its service was cancelled"),
            _ => None,
        };
        let ended = self.history.iter().filter_map(|line| {
            let service_id = line.service_id?;
            Some((service_id, Ended { service_id, reason: reason(line.event)?, at: line.at }))
        });
        // Of one that was disconnected because it was taken off, the last line says so.
        ended.collect::<BTreeMap<Uuid, Ended>>().into_values().collect()
    }

    /// Enters the outcome of one order.
    pub fn enter(&mut self, filed: &Filed) -> Result<(), ArchiveError> {
        let description = filed.order_type.description();
        if description.organiser == Part::Leaves {
            self.deregister_organiser(filed);
            return Ok(());
        }
        let Some(entry) = self.organiser(filed, description.organiser)? else {
            tracing::error!(order.id = %filed.order_id, "the outcome names no organiser's number; it is not archived");
            return Ok(());
        };
        if description.takes_record() {
            self.hold(&entry, description.needs_consent());
        }
        for (index, service) in filed.filing.services.iter().enumerate() {
            match description.services {
                Part::Absent => {}
                Part::Leaves => self.deregister_service(&entry, index, service),
                part => self.service(&entry, index, service, part, description.access)?,
            }
        }
        Ok(())
    }

    /// Finds or adds the organiser, and brings its data up to date where the order carries them.
    fn organiser<'f>(&mut self, filed: &'f Filed, part: Part) -> Result<Option<Entry<'f>>, ArchiveError> {
        let known = filed.organiser_keys().find_map(|key| self.find(&key));
        let known = known.filter(|id| self.organisers.contains_key(id));
        let Some(id) = known.or_else(|| self.add_organiser(filed)) else { return Ok(None) };
        let entry = Entry { filed, organiser_id: id };
        let is_bare = self.organisers.get(&id).is_some_and(|record| record.content.is_none());
        if is_bare || part.brings_data() {
            self.declare_organiser(&entry)?;
        }
        if is_bare {
            self.tell(entry.change(), None, "filed");
        } else if part == Part::Changed {
            self.tell(entry.change(), None, "changed");
        }
        if part == Part::OnRecordElsewhere {
            self.hold_if_idle(&entry);
        }
        self.renumber_organiser(&entry);
        if let (Some(record), true) = (self.organisers.get_mut(&id), filed.organiser_id > 0)
            && record.bureau_id != Some(filed.organiser_id)
        {
            record.bureau_id = Some(filed.organiser_id);
            self.touched.insert(id);
        }
        Ok(Some(entry))
    }

    fn add_organiser(&mut self, filed: &Filed) -> Option<Uuid> {
        let number = filed.organiser_numbers().map(normal_number).find(|number| !number.is_empty())?;
        let record = OrganiserRecord {
            id: Uuid::now_v7(),
            number: number.clone(),
            bureau_id: None,
            province: filed.province.letters().to_owned(),
            nature: 0,
            name: None,
            certificate_index: Vec::new(),
            account: Some(filed.account.clone()),
            status: Status::Filed,
            order_id: filed.order_id,
            content: None,
            data_key: None,
            filed_at: filed.at,
            updated_at: filed.at,
        };
        let id = record.id;
        self.numbers.insert(id, NewNumber { number, is_service: false, since: filed.at });
        self.know_organiser(record, Vec::new());
        Some(id)
    }

    fn declare_organiser(&mut self, entry: &Entry<'_>) -> Result<(), ArchiveError> {
        let Filed { filing, order_id, at, province, .. } = entry.filed;
        let key = self.key(entry.organiser_id)?;
        let declared = Organiser { number: None, ..filing.organiser.clone() };
        let sealed = key.encrypt(entry.organiser_id.as_bytes(), &serde_json::to_vec(&declared)?)?;
        let certificate = certificate_key(&declared.certificate.number);
        let index = self.vault.blind_index(CERTIFICATE_FIELD, &certificate);
        if let Some(record) = self.organisers.get_mut(&entry.organiser_id) {
            record.content = Some(sealed);
            record.certificate_index = index;
            record.nature = i32::from(declared.nature);
            record.name = unit_name(&declared);
            record.province = province.letters().to_owned();
            record.status = Status::Filed;
            record.order_id = *order_id;
            record.updated_at = *at;
        }
        self.touched.insert(entry.organiser_id);
        Ok(())
    }

    /// The key of an organiser's contents; a new one where there is none.
    fn key(&mut self, organiser_id: Uuid) -> Result<DataKey, ArchiveError> {
        if let Some(key) = self.keys.get(&organiser_id) {
            return Ok(key.clone());
        }
        let context = organiser_id.as_bytes();
        let stored = self.organisers.get(&organiser_id).and_then(|record| record.data_key.as_deref());
        let key = match stored {
            Some(wrapped) => self.vault.unwrap_key(wrapped, context)?,
            None => {
                let key = DataKey::generate();
                let wrapped = self.vault.wrap(&key, context)?;
                if let Some(record) = self.organisers.get_mut(&organiser_id) {
                    record.data_key = Some(wrapped);
                    self.touched.insert(organiser_id);
                }
                key
            }
        };
        self.keys.insert(organiser_id, key.clone());
        Ok(key)
    }

    /// A place change brings a new number; the services keep their ordinals under it. A former number that an
    /// order names does not come back.
    fn renumber_organiser(&mut self, entry: &Entry<'_>) {
        let number = normal_number(&entry.filed.organiser_number);
        let key = number_key(&number);
        let declared = entry.filed.filing.organiser.number.as_deref().map(number_key);
        let Some(record) = self.organisers.get_mut(&entry.organiser_id) else { return };
        if number.is_empty() || number_key(&record.number) == key || declared.as_ref() == Some(&key) {
            return;
        }
        let former = std::mem::replace(&mut record.number, number.clone());
        record.updated_at = entry.filed.at;
        self.touched.insert(entry.organiser_id);
        self.by_key.insert(key, entry.organiser_id);
        let (organiser_id, since) = (entry.organiser_id, entry.filed.at);
        let begins = NewNumber { number: number.clone(), is_service: false, since };
        self.numbers.insert(organiser_id, begins);
        self.tell(entry.change(), None, "renumbered");
        for id in self.services_of(entry.organiser_id) {
            let under = self.services.get(&id).and_then(|service| under_new_number(&service.number, &former, &number));
            if let Some(number) = under {
                self.renumber_service(entry, id, number);
            }
        }
    }

    fn renumber_service(&mut self, entry: &Entry<'_>, id: Uuid, number: String) {
        let Some(record) = self.services.get_mut(&id) else { return };
        let key = number_key(&number);
        if number.is_empty() || number_key(&record.number) == key {
            return;
        }
        record.number.clone_from(&number);
        record.province = entry.filed.province.letters().to_owned();
        record.updated_at = entry.filed.at;
        self.touched.insert(id);
        self.by_key.insert(key, id);
        self.numbers.insert(id, NewNumber { number, is_service: true, since: entry.filed.at });
        self.tell(entry.change(), Some(id), "renumbered");
    }

    /// Binds the record to the account. Without `is_transfer` only a record that nobody holds.
    fn hold(&mut self, entry: &Entry<'_>, is_transfer: bool) {
        let account = Some(entry.filed.account.clone());
        let Some(record) = self.organisers.get_mut(&entry.organiser_id) else { return };
        if record.account == account || (record.account.is_some() && !is_transfer) {
            return;
        }
        record.account.clone_from(&account);
        record.updated_at = entry.filed.at;
        self.touched.insert(entry.organiser_id);
        for id in self.services_of(entry.organiser_id) {
            if let Some(service) = self.services.get_mut(&id) {
                service.account.clone_from(&account);
                self.touched.insert(id);
            }
        }
        self.tell(entry.change(), None, if is_transfer { "transferred" } else { "claimed" });
    }

    /// A record that came back from another provider belongs to the account that brings it, unless services of it
    /// are connected here for somebody else.
    fn hold_if_idle(&mut self, entry: &Entry<'_>) {
        let is_idle = !self
            .services_of(entry.organiser_id)
            .iter()
            .filter_map(|id| self.services.get(id))
            .any(|service| service.is_connected);
        if is_idle {
            self.hold(entry, true);
        }
    }

    fn service(
        &mut self,
        entry: &Entry<'_>,
        index: usize,
        declared: &InternetService,
        part: Part,
        access: Part,
    ) -> Result<(), ArchiveError> {
        let known = self.find_service(entry, index, declared);
        let Some(id) = known.or_else(|| self.add_service(entry, index, declared)) else {
            tracing::error!(order.id = %entry.filed.order_id, index, "a service has no number; it is not archived");
            return Ok(());
        };
        let is_bare = self.services.get(&id).is_some_and(|record| record.name.is_empty());
        self.move_service(entry, id);
        if is_bare || part.brings_data() {
            self.declare_service(entry, id, declared)?;
        }
        let number = entry.filed.service_numbers.get(index).map(|number| normal_number(number));
        let named = declared.number.as_deref().map(number_key);
        if let Some(number) = number.filter(|number| named != Some(number_key(number))) {
            self.renumber_service(entry, id, number);
        }
        let bureau_id = known_id(&entry.filed.service_ids, index);
        if let (Some(record), Some(_)) = (self.services.get_mut(&id), bureau_id)
            && record.bureau_id != bureau_id
        {
            record.bureau_id = bureau_id;
            self.touched.insert(id);
        }
        if is_bare {
            self.tell(entry.change(), Some(id), "filed");
        } else if matches!(part, Part::Changed | Part::Moved) {
            self.tell(entry.change(), Some(id), "changed");
        }
        // What was not known here is connected here, where the order says that it is on record.
        let access = if is_bare && access == Part::OnRecord { Part::New } else { access };
        let was_connected = !is_bare && self.services.get(&id).is_some_and(|record| record.is_connected);
        self.access(entry, index, (id, was_connected), &declared.access, access);
        Ok(())
    }

    fn find_service(&self, entry: &Entry<'_>, index: usize, declared: &InternetService) -> Option<Uuid> {
        let declared = declared.number.as_deref().and_then(|number| self.find(&number_key(number)));
        // A number that a bureau gives may have been another record's.
        let now = || self.by_key.get(&number_key(entry.filed.service_numbers.get(index)?)).copied();
        declared.or_else(now).filter(|id| self.services.contains_key(id))
    }

    fn add_service(&mut self, entry: &Entry<'_>, index: usize, declared: &InternetService) -> Option<Uuid> {
        let Filed { filing, service_numbers, order_id, at, .. } = entry.filed;
        let number = service_numbers.get(index).or(declared.number.as_ref()).map(|number| normal_number(number))?;
        let account = self.organisers.get(&entry.organiser_id).and_then(|organiser| organiser.account.clone());
        let record = ServiceRecord {
            id: Uuid::now_v7(),
            organiser_id: entry.organiser_id,
            number: number.clone(),
            bureau_id: None,
            kind: kind_text(declared.kind).to_owned(),
            name: String::new(),
            province: filing.province.letters().to_owned(),
            account,
            status: Status::Filed,
            is_connected: false,
            order_id: *order_id,
            content: None,
            filed_at: *at,
            updated_at: *at,
        };
        let id = record.id;
        self.numbers.insert(id, NewNumber { number, is_service: true, since: *at });
        self.know_service(record, Vec::new());
        Some(id)
    }

    fn declare_service(&mut self, entry: &Entry<'_>, id: Uuid, declared: &InternetService) -> Result<(), ArchiveError> {
        let key = self.key(entry.organiser_id)?;
        let clear = InternetService { number: None, ..declared.clone() };
        let sealed = key.encrypt(id.as_bytes(), &serde_json::to_vec(&clear)?)?;
        if let Some(record) = self.services.get_mut(&id) {
            record.content = Some(sealed);
            record.name.clone_from(&declared.name);
            record.kind = kind_text(declared.kind).to_owned();
            record.province = entry.filed.province.letters().to_owned();
            record.status = Status::Filed;
            record.updated_at = entry.filed.at;
        }
        self.touched.insert(id);
        self.traits.insert(id, Traits::of(declared));
        Ok(())
    }

    /// Puts the service under the order's organiser, where it is under another one (迁移备案).
    fn move_service(&mut self, entry: &Entry<'_>, id: Uuid) {
        let account = self.organisers.get(&entry.organiser_id).and_then(|organiser| organiser.account.clone());
        let Some(record) = self.services.get_mut(&id) else { return };
        if record.organiser_id == entry.organiser_id {
            return;
        }
        record.organiser_id = entry.organiser_id;
        record.account = account;
        record.updated_at = entry.filed.at;
        self.touched.insert(id);
        self.tell(entry.change(), Some(id), "moved");
    }

    fn access(
        &mut self,
        entry: &Entry<'_>,
        index: usize,
        (id, was_connected): (Uuid, bool),
        declared: &Access,
        part: Part,
    ) {
        if part == Part::Leaves {
            self.disconnect(entry.change(), id);
        }
        if !part.brings_data() {
            return;
        }
        if let Some(record) = self.services.get_mut(&id) {
            record.is_connected = true;
            record.updated_at = entry.filed.at;
        }
        self.touched.insert(id);
        let bureau_id = known_id(&entry.filed.access_ids, index);
        let opening = Opening { bureau_id, access: declared.clone(), since: entry.filed.at };
        self.openings.insert(id, opening);
        self.tell(entry.change(), Some(id), if was_connected { "access_changed" } else { "connected" });
    }

    fn disconnect(&mut self, change: Change, id: Uuid) {
        let Some(record) = self.services.get_mut(&id) else { return };
        if !record.is_connected {
            return;
        }
        record.is_connected = false;
        record.updated_at = change.at;
        self.touched.insert(id);
        self.openings.remove(&id);
        self.closings.insert(id, change.at);
        self.tell(change, Some(id), "disconnected");
    }

    fn deregister_service(&mut self, entry: &Entry<'_>, index: usize, declared: &InternetService) {
        let Some(id) = self.find_service(entry, index, declared) else { return };
        self.take_off(entry.change(), id);
    }

    fn take_off(&mut self, change: Change, id: Uuid) {
        let Some(record) = self.services.get_mut(&id) else { return };
        if record.status == Status::Deregistered {
            return;
        }
        record.status = Status::Deregistered;
        record.updated_at = change.at;
        self.touched.insert(id);
        self.disconnect(change, id);
        self.tell(change, Some(id), "deregistered");
    }

    fn deregister_organiser(&mut self, filed: &Filed) {
        let known = filed.organiser_keys().find_map(|key| self.find(&key));
        if let Some(organiser_id) = known {
            self.take_organiser_off(Entry { filed, organiser_id }.change());
        }
    }

    fn take_organiser_off(&mut self, change: Change) {
        let Some(record) = self.organisers.get_mut(&change.organiser_id) else { return };
        if record.status == Status::Deregistered {
            return;
        }
        record.status = Status::Deregistered;
        record.updated_at = change.at;
        if let Some((order_id, _)) = change.order {
            record.order_id = order_id;
        }
        self.touched.insert(change.organiser_id);
        for id in self.services_of(change.organiser_id) {
            self.take_off(change, id);
        }
        self.tell(change, None, "deregistered");
    }

    fn services_of(&self, organiser_id: Uuid) -> Vec<Uuid> {
        self.services
            .values()
            .filter(|service| service.organiser_id == organiser_id)
            .map(|service| service.id)
            .collect()
    }

    fn tell(&mut self, change: Change, service_id: Option<Uuid>, event: &'static str) {
        let Change { organiser_id, at, order } = change;
        self.history.push(HistoryLine { organiser_id, service_id, at, order, event });
    }
}

fn known_id(ids: &[i64], index: usize) -> Option<i64> {
    ids.get(index).copied().filter(|id| *id > 0)
}

/// `former-2A` becomes `number-2A`.
fn under_new_number(service: &str, former: &str, number: &str) -> Option<String> {
    let service = FilingNumber::parse(service).ok()?;
    let ordinal = service.service()?;
    let organiser = FilingNumber::parse(number).ok()?;
    let is_under = service.organiser().is_same(&FilingNumber::parse(former).ok()?);
    is_under.then(|| organiser.with_service(ordinal.number, ordinal.kind).as_str())
}
