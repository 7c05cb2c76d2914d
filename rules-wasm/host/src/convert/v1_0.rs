//! Contract 1.0.

use icp_rules_sdk as sdk;

use super::{Convert, choice, record, unchanged};
use crate::bindings::v1_0::exports::icp::bureau_rules::rules as wit;

unchanged!();

// Into the module: without what it does not know.
record!(sdk::Certificate => wit { kind, number, address, valid_to });
record!(sdk::Organiser => wit { name, nature, certificate, investor, address, principal, remark });
record!(sdk::InternetService => wit {
    kind, name, domains, home_url, contents, languages, pre_approvals, principal, access, remark,
});
record!(sdk::Material => wit { kind, service, media_type, size_bytes, issued });
record!(sdk::EnterpriseAnswer => wit { found, name, legal_representative, status });
record!(sdk::DomainAnswer => wit { domain, found, real_named, holder_name, expires, registrable });
record!(sdk::PhoneUse => wit { mobile, other_organisers });
record!(sdk::Context => wit {
    today, materials, enterprise, domains, phone_uses, filed_services, orders_in_flight,
});

// Out of the module.
record!(wit::SmsReceiver => sdk { field, mobile } + { id_tail_zh: None });
record!(wit::RequirementsAnswer => sdk {
    documents, persons, sms_receivers, limits, footer_number, bureau_working_days,
} + { checklist: Vec::new(), capabilities: None });
