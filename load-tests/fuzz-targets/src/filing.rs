//! Orders: the body of `POST /v1/orders` on its way through the platform, and the files that `icpctl` judges.

use std::sync::LazyLock;

use icp_domain::Filing;
use icp_intake::api::body;
use icp_intake::content::{self, messages};
use icp_proto::relay::RelayFiling;
use icp_relay::filing::{FilingIds, KnownIds};
use icp_relay::submission;
use icp_relay::wire::charset::decode_xml;
use icp_relay::wire::check;
use icp_relay::wire::dialect::{Dialect, Interface};
use icp_relay::wire::upload::write_outline;
use icp_relay::wire::xml::Element;
use icp_rules_sdk::national::NATIONAL;
use icp_rules_sdk::{Context, Date, Order, judge, requirements};

use crate::Outcome;

const TODAY: Date = Date::new(2026, 11, 22);

/// An order: read, checked, judged, mapped for the other services, and written as the bureau's records.
pub fn filing(input: &[u8]) -> Outcome {
    let read: Result<Filing, _> = body::parse(input);
    let outcome = Outcome::of(&read);
    let Ok(filing) = read else { return outcome };
    let written = serde_json::to_vec(&filing).unwrap_or_default();
    assert!(
        body::parse(&written).is_ok_and(|again: Filing| again == filing),
        "a filing that was written reads otherwise"
    );

    // Drafts are judged before they are complete, so nothing of this may depend on the checks.
    let errors = content::validate(&filing);
    content::fields(&filing);
    let (order, context) = (Order::from(&filing), Context::on(TODAY));
    judge::judge(&NATIONAL, &order, &context);
    let needed = requirements::requirements(&NATIONAL, &order, &context);
    messages::sms_persons(&filing, Some(&needed.sms_receivers));
    messages::identity_subject(&filing, Vec::new());
    messages::lookup_subject(&filing);
    if errors.is_empty() {
        write_for_bureau(&messages::relay_filing(&filing, Vec::new(), Vec::new()));
    }
    outcome
}

/// What the relay would write must be well-formed, or be refused before it is written.
pub(crate) fn write_for_bureau(filing: &RelayFiling) {
    for interface in [Interface::V3_0, Interface::V5_0] {
        write_over(filing, interface);
    }
}

fn write_over(filing: &RelayFiling, interface: Interface) {
    static DIALECT: LazyLock<Option<Dialect>> = LazyLock::new(default_dialect);
    let dialect = DIALECT.as_ref().map(|dialect| Dialect { interface, ..dialect.clone() });
    assert!(dialect.is_some(), "the relay's defaults have no dialect");
    let built = submission::build(interface, filing, Vec::new());
    let (Some(dialect), Ok(filing)) = (dialect, built) else { return };
    if !check::validate(&dialect, &filing).is_empty() {
        return;
    }
    let ids: Vec<i64> = (1..).take(filing.ids_needed()).collect();
    let ids = FilingIds::assign(&filing, &ids, &KnownIds::default());
    assert!(ids.is_some(), "a filing needs more ids than it says");
    let Some(Ok(outline)) = ids.map(|ids| write_outline(&dialect, &ids, &filing)) else { return };
    let head = format!("<?xml version=\"1.0\" encoding=\"{}\"?>", interface.encoding());
    let document = format!("{head}<records>{}</records>", outline.text);
    let parsed = Element::parse(&document);
    assert!(parsed.is_ok(), "the records are not well-formed: {parsed:?}");
    let encoded = interface.encode(&document);
    let decoded = decode_xml(&encoded).ok().and_then(|text| Element::parse(&text).ok());
    assert_eq!(decoded, parsed.ok(), "the records do not survive the bureau's encoding");
}

fn default_dialect() -> Option<Dialect> {
    let defaults: toml::Table = toml::from_str(icp_relay::DEFAULTS).ok()?;
    defaults.get("relay")?.get("dialect")?.clone().try_into().ok()
}

/// A file for `icpctl rules judge`: an order, with or without what is known beside it.
pub fn order_file(input: &[u8]) -> Outcome {
    let read = icpctl::OrderFile::read(input);
    let outcome = Outcome::of(&read);
    if let Ok(file) = read {
        let (filing, context) = file.into_case(TODAY.to_naive());
        let order = Order::from(&filing);
        let long = judge::judge(&NATIONAL, &order, &context);
        requirements::requirements(&NATIONAL, &order, &context);
        // The same case in bytes is judged the same.
        let cases = icp_rules_sdk::batch::encode(Vec::new(), &order, &context).unwrap_or_default();
        assert_eq!(icp_rules_sdk::batch::judge(&NATIONAL, &cases), Ok(vec![long]));
    }
    outcome
}
