//! Every vector that applies to this province, national ones included. The host runs the same in the module.

#[test]
fn every_vector_holds() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors"));
    if let Err(failures) = icp_rules_sdk::vector::run_province(&icp_rules_sx::BOOK, root) {
        panic!("{failures}");
    }
}

icp_rules_sdk::mutants!(icp_rules_sx::BOOK);
