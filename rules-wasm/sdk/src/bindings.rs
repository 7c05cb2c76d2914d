//! Types and glue generated from `rules-wasm/wit`. The only place with unsafe code.
#![allow(unsafe_code, missing_docs)]
#![allow(clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

wit_bindgen::generate!({
    path: "../wit",
    world: "bureau",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "icp_rules_sdk::bindings",
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});
