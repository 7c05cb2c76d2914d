//! Service entitlements (备案服务号, 授权码): codes that the provider issues with a server, so many of each product, and
//! of which each service to be connected needs one (filing-rules §1.4).
//!
//! A code is bound to one service of one order, is filed with it, and is never used again. The statuses are those
//! that the large clouds show (bureau-interface §17.3). [`store`] has the SQL; [`resources`] asks the provider's own
//! system whether an address belongs to it.

pub mod resources;
pub mod store;

use std::collections::BTreeMap;

use icp_domain::{Filing, Finding, Part, Severity, Stage};
use rand::seq::IndexedRandom as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::check::sources;
use crate::order::Event;
use crate::store::Change;

/// The section `[intake.entitlements]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntitlementsConfig {
    /// Whether an order cannot be submitted while a service that it connects has none.
    pub required: bool,
    /// How many are issued at most for one server (or other resource), by product.
    pub products: BTreeMap<String, u32>,
    /// How many can be granted in one request.
    pub grant_max: usize,
}

/// Where an entitlement stands: `unbound` (未绑定), `bound` (已绑定), `in_filing` (备案中), `filed` (已备案) or `invalid`
/// (已失效).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntitlementStatus {
    /// 未绑定: may be bound.
    Unbound,
    /// 已绑定: belongs to a service of an order.
    Bound,
    /// 已备案: its service is on record.
    Filed,
    /// 已失效: revoked, expired or used up.
    Invalid,
    /// 备案中: its order was passed and is on the way.
    InFiling,
}

impl EntitlementStatus {
    /// The text form, e.g. `in_filing`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::Bound => "bound",
            Self::Filed => "filed",
            Self::Invalid => "invalid",
            Self::InFiling => "in_filing",
        }
    }

    /// The number that clouds give it: 0 unbound, 1 bound, 2 filed, 3 invalid, 4 in filing.
    pub fn code(self) -> u8 {
        match self {
            Self::Unbound => 0,
            Self::Bound => 1,
            Self::Filed => 2,
            Self::Invalid => 3,
            Self::InFiling => 4,
        }
    }

    /// The status with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Unbound, Self::Bound, Self::Filed, Self::Invalid, Self::InFiling]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// Letters and digits that cannot be mistaken for each other.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const GROUPS: usize = 4;
const GROUP_CHARACTERS: usize = 5;

/// A new code: 20 random characters (100 bits) in groups, e.g. `7KQ2M-…`.
pub fn generate_code() -> String {
    let mut random = rand::rng();
    let mut group = || -> String {
        (0..GROUP_CHARACTERS).filter_map(|_| ALPHABET.choose(&mut random)).map(|byte| char::from(*byte)).collect()
    };
    (0..GROUPS).map(|_| group()).collect::<Vec<_>>().join("-")
}

/// A code as people type it, made comparable.
pub fn normal_code(text: &str) -> String {
    icp_domain::names::comparable_name(text)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_uppercase()
}

/// Indexes of the services of a filing that need an entitlement: those that the order connects.
pub fn needed(filing: &Filing) -> Vec<i32> {
    if filing.order_type.description().access != Part::New {
        return Vec::new();
    }
    (0..).take(filing.services.len()).collect()
}

/// Path of a service's entitlement in findings and errors, e.g. `services[0].entitlement`.
pub fn path_of(service: i32) -> String {
    format!("services[{service}].entitlement")
}

/// Services of an order that have no valid code, as findings.
pub fn missing(order_id: Uuid, services: &[i32]) -> Vec<Finding> {
    let finding = |index: &i32| Finding {
        code: "A01".to_owned(),
        stage: Stage::Rules,
        severity: Severity::Block,
        field: path_of(*index),
        message_zh: "没有有效的备案服务号（授权码）".to_owned(),
        message_en: "no valid entitlement (备案服务号) is bound to the service: it is missing, expired or revoked"
            .to_owned(),
        remedy: format!("绑定有效的备案服务号（bind a code with PUT /v1/orders/{order_id}/entitlements/{index}）"),
        source: Some(sources::RESOURCES.into()),
    };
    services.iter().map(finding).collect()
}

/// What an order's entitlements take notice of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Passed,
    Received,
    Returned,
    Approved(&'a [String]),
    Ended,
}

impl<'a> Step<'a> {
    /// Numbers that were won.
    pub(crate) fn numbers(self) -> &'a [String] {
        match self {
            Self::Approved(numbers) => numbers,
            _ => &[],
        }
    }

    /// The last step that a transition took, if entitlements take notice of any.
    pub(crate) fn of(change: &'a Change) -> Option<Self> {
        change.events.iter().rev().find_map(|event| match event {
            Event::Passed => Some(Self::Passed),
            Event::ReceivedByBureau { .. } => Some(Self::Received),
            Event::Returned { .. } => Some(Self::Returned),
            Event::Approved(numbers) | Event::Cancelled(numbers) => Some(Self::Approved(&numbers.service_numbers)),
            Event::Withdrawn | Event::Expired => Some(Self::Ended),
            _ => None,
        })
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Received => "received",
            Self::Returned => "returned",
            Self::Approved(_) => "approved",
            Self::Ended => "ended",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_long_random_and_read_back_however_typed() {
        let codes: std::collections::HashSet<String> = (0..100).map(|_| generate_code()).collect();
        assert_eq!(codes.len(), 100);
        for code in codes {
            let normal = normal_code(&code);
            assert_eq!(normal.len(), GROUPS * GROUP_CHARACTERS, "{code}");
            assert_eq!(normal_code(&format!(" {} ", code.to_lowercase().replace('-', " "))), normal);
        }
    }

    #[test]
    fn only_services_that_an_order_connects_need_one() {
        let mut filing = icp_testkit::filings::company_filing(icp_domain::Province::Guangdong, 1);
        for order_type in icp_domain::OrderType::ALL {
            filing.order_type = order_type;
            let connects = order_type.description().access == Part::New;
            assert_eq!(needed(&filing).len(), usize::from(connects), "{order_type:?}");
        }
    }
}
