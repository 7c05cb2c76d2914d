//! Every vector of this edition against the book as it is compiled natively. The host runs the same vectors
//! against the WebAssembly module.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use icp_rules_sdk::vector::Vector;
use icp_rules_zj::BOOK;

#[test]
fn every_vector_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    let vectors = Vector::read_edition(&root, "zj", BOOK.version).unwrap();
    assert!(vectors.len() > 50, "only {} vectors", vectors.len());
    let failures: Vec<String> = vectors
        .iter()
        .filter_map(|vector| {
            let findings = icp_rules_sdk::judge::judge(&BOOK, &vector.order, &vector.context);
            let requirements = icp_rules_sdk::requirements::requirements(&BOOK, &vector.order);
            vector.check(&findings, &serde_json::to_value(requirements).unwrap()).err()
        })
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
