//! The national vectors against the national book.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod national_only;

use icp_domain::{Part, Persons};
use icp_rules_sdk::OrderType;
use icp_rules_sdk::book::SmsTo;
use icp_rules_sdk::national::{
    ACCESS_TYPES, ALL_TYPES, CHANGE_TYPES, NATIONAL, NEW_SERVICE_TYPES, ORGANISER_TYPES, SERVICE_TYPES,
};
use icp_rules_sdk::vector::Vector;

#[test]
fn every_national_vector_holds() {
    let vectors = Vector::read_edition(national_only::root(), "bj", "national").unwrap();
    let national = vectors.iter().filter(|vector| vector.name.starts_with("national/"));
    let failures: Vec<String> = national
        .filter_map(|vector| {
            let findings = icp_rules_sdk::judge::judge(&NATIONAL, &vector.order, &vector.context);
            let requirements = icp_rules_sdk::requirements::requirements(&NATIONAL, &vector.order, &vector.context);
            vector.check(&findings, &serde_json::to_value(requirements).unwrap()).err()
        })
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// The lists of the book say what the descriptions of the types say.
#[test]
fn the_lists_of_types_are_those_of_the_platform() {
    for order_type in icp_domain::OrderType::ALL {
        let (row, name) = (order_type.description(), order_type.as_str());
        let here = icp_rules_sdk::convert::order_type(name);
        assert_eq!(here.is_some(), row.bureau.is_some(), "{name}: what no bureau sees, no rules judge");
        let Some(here) = here else { continue };
        assert_eq!(icp_domain::OrderType::from(here), order_type);
        let changes = row.organiser == Part::Changed || row.services == Part::Changed;
        let lists: [(&str, &[OrderType], bool); 6] = [
            ("all", ALL_TYPES, true),
            ("organiser", ORGANISER_TYPES, row.verified.include_organiser()),
            ("service", SERVICE_TYPES, row.verified.include_services()),
            ("new service", NEW_SERVICE_TYPES, row.services == Part::New),
            ("access", ACCESS_TYPES, row.services == Part::OnRecordElsewhere),
            ("change", CHANGE_TYPES, changes),
        ];
        for (list, types, expected) in lists {
            assert_eq!(types.contains(&here), expected, "{name} in the list of {list} types");
        }
        let (_, to) = NATIONAL.sms_receivers.value.iter().find(|(of_type, _)| *of_type == here).unwrap();
        let asked = match to {
            SmsTo::Nobody => Persons::Nobody,
            SmsTo::Organiser => Persons::Organiser,
            SmsTo::Services | SmsTo::ServicesOnRecord => Persons::Services,
            SmsTo::Both => Persons::Both,
        };
        assert_eq!(asked, row.sms, "{name}: who is asked by SMS");
    }
}
