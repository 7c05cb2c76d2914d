//! Types and calls generated from `rules-wasm/wit`. The only place with unsafe code.
#![allow(unsafe_code, missing_docs)]
#![allow(clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "bureau",
});
