//! What every service is built on: configuration, secrets, clock, sealing of personal data,
//! materials in the object store, telemetry, health and the life of a process.
//!
//! Reading order: [`config`], [`sensitive`], [`clock`], [`sealing`], [`vault`], [`materials`],
//! [`press`], [`gather`], [`answer`], [`telemetry`], [`service`]. This crate knows nothing of filings, of the outbox or
//! of any one service.

pub mod answer;
pub mod clock;
pub mod config;
pub mod gather;
pub mod materials;
pub mod press;
pub mod sealing;
pub mod sensitive;
pub mod service;
pub mod telemetry;
mod unread;
pub mod vault;

pub use clock::Clock;
pub use config::{Common, ConfigError};
pub use gather::{Gather, linger};
pub use materials::Materials;
pub use press::{Press, PressError};
pub use sealing::Keyring;
pub use sensitive::Sensitive;
pub use service::{Parts, ServiceContext};
pub use vault::{DataKey, Vault};
