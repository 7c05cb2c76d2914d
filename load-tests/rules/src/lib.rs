//! Nothing: this package is the benchmark in `benches/rules`, run by `cargo xtask bench rules`.
