//! What a filing needs to know of the bureau's record before it is sent, and what must be heard before it is done.
//!
//! The bureau answers in rows that name the operation (Czlx) and a key (Bs, Jlid): our id of a new part, or the id
//! or number of a part on record, whichever was sent (bureau-interface §8.6). One filing can be several requests
//! (V3.0 reports each access alone), and all of them must pass.

use icp_domain::BureauOperation;
use icp_domain::identifiers::is_same_number;
use serde::{Deserialize, Serialize};

use crate::filing::{FilingIds, KnownIds, PartId, RelayFiling};
use crate::wire::dialect::Interface;
use crate::wire::download::FiledPart;
use crate::wire::parts::request_number;

/// A part that answers are about: by whichever of its names the bureau uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AwaitedPart {
    /// Our id, where the part is new.
    pub isp_id: Option<i64>,
    /// The bureau's id, where it is known.
    pub bureau_id: Option<i64>,
    /// Filing number, where it is on record.
    pub number: Option<String>,
}

impl AwaitedPart {
    fn new_part(id: PartId) -> Self {
        Self { isp_id: Some(id.isp), ..Self::default() }
    }

    fn on_record(id: PartId, number: Option<&str>) -> Self {
        Self { isp_id: None, bureau_id: id.bureau, number: number.map(str::to_owned) }
    }

    /// Whether filed data is about this part.
    pub fn is(&self, filed: &FiledPart) -> bool {
        fn same<T: PartialEq>(awaited: Option<&T>, filed: Option<&T>) -> bool {
            awaited.is_some() && awaited == filed
        }
        same(self.isp_id.as_ref(), filed.isp_id.as_ref())
            || same(self.bureau_id.as_ref(), filed.bureau_id.as_ref())
            || matches!((&self.number, &filed.number), (Some(awaited), Some(filed)) if is_same_number(awaited, filed))
    }

    fn keys(&self) -> impl Iterator<Item = String> {
        let ids = [self.isp_id, self.bureau_id].into_iter().flatten();
        ids.map(|id| id.to_string()).chain(self.number.clone())
    }
}

/// A service and its access through this provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AwaitedService {
    /// The service.
    pub service: AwaitedPart,
    /// Its access.
    pub access: AwaitedPart,
}

/// A request that the bureau answers by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Czlx of its answers.
    pub operation: u32,
    /// The keys by which its answers name it.
    pub keys: Vec<String>,
}

/// What must be heard about a filing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// The organiser.
    pub organiser: AwaitedPart,
    /// The services in the filing's order.
    pub services: Vec<AwaitedService>,
    /// The requests; all must pass.
    pub requests: Vec<Request>,
    /// What of the filed data (BASJ) must have come too.
    pub awaits: Awaits,
}

/// What of the filed data a filing cannot do without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaits {
    /// Numbers and ids are known already, or cease.
    #[default]
    Nothing,
    /// The numbers of the new services.
    Services,
    /// The ids of the new accesses.
    Accesses,
    /// The organiser as it is now: it may have a new number (V5.0, change of place).
    Organiser,
}

/// Czlx of an operation.
pub fn operation_code(operation: BureauOperation) -> u32 {
    use BureauOperation as O;
    match operation {
        O::AddFiling => 1,
        O::AddService => 2,
        O::AddAccess => 3,
        O::ChangeOrganiser | O::ChangeService | O::ChangeFiling | O::ChangeAccess | O::MigrateService => 4,
        O::CancelAccess => 5,
        O::DeregisterOrganiser => 6,
        O::DeregisterService => 7,
    }
}

/// Says what must be heard about a filing that is sent with these ids.
pub fn expect(interface: Interface, filing: &RelayFiling, ids: &FilingIds) -> Expectation {
    use BureauOperation as O;
    let operation = filing.operation;
    let organiser = match operation {
        O::AddFiling => AwaitedPart::new_part(ids.organiser),
        _ => AwaitedPart::on_record(ids.organiser, filing.organiser.number.as_deref()),
    };
    let services: Vec<AwaitedService> = filing
        .services
        .iter()
        .zip(&ids.services)
        .map(|(service, ids)| AwaitedService {
            service: match operation {
                O::AddFiling | O::AddService => AwaitedPart::new_part(ids.service),
                _ => AwaitedPart::on_record(ids.service, service.number.as_deref()),
            },
            access: match operation {
                _ if !service.has_access() => AwaitedPart::default(),
                O::AddFiling | O::AddService | O::AddAccess => AwaitedPart::new_part(ids.access),
                _ => AwaitedPart::on_record(ids.access, None),
            },
        })
        .collect();
    let awaits = match operation {
        O::AddFiling | O::AddService => Awaits::Services,
        O::AddAccess => Awaits::Accesses,
        O::ChangeOrganiser | O::ChangeFiling | O::MigrateService if interface == Interface::V5_0 => Awaits::Organiser,
        _ => Awaits::Nothing,
    };
    Expectation { requests: requests(interface, filing, ids, &organiser, &services), awaits, organiser, services }
}

fn requests(
    interface: Interface,
    filing: &RelayFiling,
    ids: &FilingIds,
    organiser: &AwaitedPart,
    services: &[AwaitedService],
) -> Vec<Request> {
    use BureauOperation as O;
    let operation = filing.operation;
    let code = operation_code(operation);
    let is_v5 = interface == Interface::V5_0;
    let number_of = |isp_id: i64| is_v5.then(|| request_number(isp_id).to_string());
    let one = |keys: Vec<String>| Request {
        operation: code,
        keys: keys.into_iter().chain(number_of(ids.organiser.isp)).collect(),
    };
    match operation {
        O::AddFiling | O::ChangeOrganiser | O::DeregisterOrganiser => vec![one(organiser.keys().collect())],
        // The answer names the organiser, or each new service by our id.
        O::AddService => {
            let isp_ids = services.iter().filter_map(|awaited| awaited.service.isp_id);
            vec![one(organiser.number.iter().cloned().chain(isp_ids.map(|id| id.to_string())).collect())]
        }
        O::ChangeService | O::ChangeFiling | O::ChangeAccess | O::MigrateService => {
            let named = services.iter().flat_map(|awaited| awaited.service.keys());
            vec![one(organiser.keys().chain(named).collect())]
        }
        // Every access is a request, but V5.0 has one number for all of them.
        O::AddAccess => services
            .iter()
            .map(|awaited| one(awaited.access.keys().chain(awaited.service.number.clone()).collect()))
            .collect(),
        O::DeregisterService | O::CancelAccess => services
            .iter()
            .zip(&ids.services)
            .map(|(awaited, ids)| {
                let part = if operation == O::CancelAccess { &awaited.access } else { &awaited.service };
                let keys = part.bureau_id.map(|id| id.to_string()).into_iter();
                let keys = keys.chain(awaited.service.number.clone()).chain(number_of(ids.service.isp));
                Request { operation: code, keys: keys.collect() }
            })
            .collect(),
    }
}

/// A part on record whose id the relay needs and has never learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPart {
    /// Path of the number by which it was named.
    pub field: String,
    /// Its tag on the wire.
    pub tag: &'static str,
}

/// The bureau's ids that an operation cannot do without and that the relay does not know.
pub fn unknown_parts(interface: Interface, filing: &RelayFiling, known: &KnownIds) -> Vec<UnknownPart> {
    use BureauOperation as O;
    // V5.0 points at records by their numbers; only a cancellation names them by id.
    let changes_by_id = interface == Interface::V3_0
        && matches!(filing.operation, O::ChangeOrganiser | O::ChangeService | O::ChangeFiling | O::ChangeAccess);
    let needs_organiser = changes_by_id || filing.operation == O::DeregisterOrganiser;
    let needs_service = changes_by_id || filing.operation == O::DeregisterService;
    let needs_access = changes_by_id || filing.operation == O::CancelAccess;
    let mut unknown = Vec::new();
    if needs_organiser && known.organiser.is_none() {
        unknown.push(UnknownPart { field: "organiser.number".into(), tag: "Ztid" });
    }
    let ids = known.services.iter().map(Some).chain(std::iter::repeat(None));
    for (index, (_, ids)) in filing.services.iter().zip(ids).enumerate() {
        let field = format!("services[{index}].number");
        if needs_service && ids.is_none_or(|ids| ids.service.is_none()) {
            unknown.push(UnknownPart { field: field.clone(), tag: "Wzid" });
        }
        if needs_access && ids.is_none_or(|ids| ids.access.is_none()) {
            unknown.push(UnknownPart { field, tag: "Jrid" });
        }
    }
    unknown
}
