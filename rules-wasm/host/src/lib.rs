//! Runs the bureaus' rule books: loads a module, proves it, swaps it in without a stop, and judges orders with
//! it under limits of fuel, time and memory.
//!
//! What this crate must never do: let one module's fault reach another province, judge one order with two
//! modules, or replace an active module by one that failed any step of [`LoadStep`].
//!
//! Reading order: [`config`], [`signature`], [`contract`] (the versions that are served), `engine` (the limits), `module` (what loading proves), [`host`]
//! (judge, activate, roll back), [`shadow`] (a candidate beside the active module), [`buckets`],
//! [`publish`], [`follow`] and [`status`] (the bus).

mod answers;
mod bindings;
pub mod buckets;
pub mod config;
pub mod contract;
mod convert;
mod engine;
pub mod follow;
mod held;
pub mod host;
mod memory;
mod module;
pub mod publish;
pub mod shadow;
pub mod signature;
pub mod status;

pub use answers::Answers;
pub use config::{HostConfig, TrustedKey};
pub use held::Held;
pub use host::{Host, HostError, NoRollback, Verdict};
pub use module::{LoadError, LoadStep, LoadedModule, ModuleInfo, VectorFailure};
pub use shadow::ShadowReport;
pub use signature::{Release, SigningKey, digest_of};
