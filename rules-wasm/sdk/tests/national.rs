//! The national vectors against the national book.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod national_only;

use icp_rules_sdk::national::NATIONAL;
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
