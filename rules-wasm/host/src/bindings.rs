//! Types and calls generated from `rules-wasm/wit`, one module per version of the contract that is served. The only
//! place with unsafe code.
#![allow(unsafe_code, missing_docs)]
#![allow(clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod v1_0 {
    wasmtime::component::bindgen!({ path: "../wit/released/1.0.0", world: "bureau" });
}

pub(crate) mod v1_1 {
    wasmtime::component::bindgen!({ path: "../wit", world: "bureau" });
}
