//! The policy by which clean orders of low risk pass without a reviewer: data of the configuration, judged purely.

use icp_domain::{Finding, Holder, OrderType, Province, Severity};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What may pass without a reviewer. Nothing does unless it is enabled and names provinces and order types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Whether anything passes by policy.
    pub enabled: bool,
    /// Provinces whose orders may pass.
    pub provinces: Vec<Province>,
    /// Types of orders that may pass.
    pub order_types: Vec<OrderType>,
    /// A finding of this weight, or a heavier one, sends the order to a reviewer.
    pub no_finding_from: Severity,
    /// Orders of the account that a bureau has approved, at least.
    pub approved_orders_min: u32,
    /// Days for which no order of the account was returned by a reviewer or a bureau.
    pub days_without_return: u32,
}

/// What the policy judges.
#[derive(Debug)]
pub struct Case<'a> {
    /// Province of the order.
    pub province: Province,
    /// Its type.
    pub order_type: OrderType,
    /// Everything that was found about it, by anybody.
    pub findings: Vec<&'a Finding>,
    /// Orders of its account that a bureau has approved, counted up to what the policy asks for.
    pub approved_orders: u32,
    /// Whether a reviewer or bureau has returned an order of the account within the days of the policy.
    pub was_returned: bool,
}

impl Policy {
    /// Whether an order may pass. A claim never does: nothing but a person's look at the papers ties it to the record.
    pub fn allows(&self, case: &Case<'_>) -> bool {
        self.enabled
            && case.order_type.description().holder != Some(Holder::Nobody)
            && self.provinces.contains(&case.province)
            && self.order_types.contains(&case.order_type)
            && case.findings.iter().all(|finding| finding.severity < self.no_finding_from)
            && case.approved_orders >= self.approved_orders_min
            && !case.was_returned
    }

    /// SHA-256 of the policy as JSON, hex: names the policy that let an order pass.
    pub fn digest(&self) -> String {
        // A struct of plain values always has a JSON form.
        hex::encode(Sha256::digest(serde_json::to_vec(self).unwrap_or_default()))
    }

    /// Actor under which the history records what passed by this policy.
    pub fn actor(&self) -> String {
        format!("{ACTOR_PREFIX}{}", self.digest())
    }
}

const ACTOR_PREFIX: &str = "policy ";

/// Whether the history's actor is a policy, today's or an earlier one, and no person.
pub fn is_policy(actor: &str) -> bool {
    actor
        .strip_prefix(ACTOR_PREFIX)
        .is_some_and(|digest| digest.len() == DIGEST_CHARACTERS && digest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Of a SHA-256 in hex.
const DIGEST_CHARACTERS: usize = 64;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::desk::reasons;

    fn policy() -> Policy {
        Policy {
            enabled: true,
            provinces: vec![Province::Guangdong],
            order_types: vec![OrderType::FirstFiling],
            no_finding_from: Severity::Review,
            approved_orders_min: 2,
            days_without_return: 30,
        }
    }

    #[test]
    fn every_condition_alone_sends_an_order_to_a_reviewer() {
        let mut finding = reasons::find("N01").unwrap().at(String::new());
        finding.severity = Severity::Advise;
        let heavy = Finding { severity: Severity::Review, ..finding.clone() };
        let clean = || Case {
            province: Province::Guangdong,
            order_type: OrderType::FirstFiling,
            findings: vec![&finding],
            approved_orders: 2,
            was_returned: false,
        };
        assert!(policy().allows(&clean()));
        assert!(!Policy { enabled: false, ..policy() }.allows(&clean()));
        assert!(!policy().allows(&Case { province: Province::Zhejiang, ..clean() }));
        assert!(!Policy { order_types: Vec::new(), ..policy() }.allows(&clean()));
        let claims = Policy { order_types: vec![OrderType::Claim], ..policy() };
        assert!(!claims.allows(&Case { order_type: OrderType::Claim, ..clean() }));
        assert!(!policy().allows(&Case { findings: vec![&finding, &heavy], ..clean() }));
        assert!(!policy().allows(&Case { approved_orders: 1, ..clean() }));
        assert!(!policy().allows(&Case { was_returned: true, ..clean() }));
    }

    #[test]
    fn another_policy_has_another_digest() {
        let other = Policy { approved_orders_min: 3, ..policy() };
        assert_ne!(policy().digest(), other.digest());
        assert_eq!(policy().digest(), policy().digest());
        assert!(is_policy(&policy().actor()) && is_policy(&other.actor()));
        assert!(!is_policy("reviewer") && !is_policy("policy maker"));
    }
}
