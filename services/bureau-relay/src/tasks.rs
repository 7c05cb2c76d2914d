//! Workers and reconcilers.
//!
//! [`preparer`] writes records; [`inquirer`] asks for the status of records; [`account`] holds the right to speak for an
//! account and runs [`uploader`] and [`downloader`]; [`sweeper`] erases what is old. All of them find their work in the
//! database alone, so that a start after a crash and normal running are the same code.

pub mod account;
pub mod downloader;
pub mod inquirer;
pub mod preparer;
pub mod sweeper;
pub mod uploader;

use std::sync::Arc;
use std::time::Duration;

use icp_bus::Bus;
use icp_kit::{Keyring, Materials, Vault};
use tokio::sync::Notify;

use crate::client::Bureau;
use crate::config::Config;

/// What the workers of one account share.
#[derive(Debug, Clone)]
pub struct Relay {
    /// The service's bus.
    pub bus: Bus,
    /// Encryption at rest.
    pub vault: Vault,
    /// Opens what is sealed for the relay, and seals what it tells.
    pub keyring: Arc<Keyring>,
    /// The object store with the pictures.
    pub materials: Materials,
    /// Settings, those of this account and its bureau among them.
    pub config: Arc<Config>,
    /// The bureau.
    pub bureau: Bureau,
    /// Rung when a record begins to wait.
    pub wake: Arc<Notify>,
}

impl Relay {
    /// Name of the account.
    pub fn account(&self) -> &str {
        &self.config.account.name
    }

    /// Wait before the n-th repetition in a row, from 1.
    pub fn retry_wait(&self, failures: u32) -> Duration {
        let timing = &self.config.timing;
        let doublings = failures.saturating_sub(1).min(20);
        Duration::from_millis(timing.retry_first_ms.saturating_mul(1 << doublings).min(timing.retry_max_ms))
    }

    /// Wait of a stopped queue.
    pub fn stopped_wait(&self) -> Duration {
        Duration::from_millis(self.config.timing.stopped_retry_ms)
    }
}

/// Every account of this process.
#[derive(Debug, Clone)]
pub struct Relays {
    main: Relay,
    further: Vec<Relay>,
}

impl Relays {
    /// The relays of all accounts, the main one first; `None` without any.
    pub fn new(relays: Vec<Relay>) -> Option<Self> {
        let mut relays = relays.into_iter();
        Some(Self { main: relays.next()?, further: relays.collect() })
    }

    /// The main account.
    pub fn main(&self) -> &Relay {
        &self.main
    }

    /// Every account.
    pub fn iter(&self) -> impl Iterator<Item = &Relay> {
        std::iter::once(&self.main).chain(&self.further)
    }

    /// The account with this name.
    pub fn named(&self, account: &str) -> Option<&Relay> {
        self.iter().find(|relay| relay.account() == account)
    }

    /// The account through which the orders of a province go.
    pub fn of_province(&self, letters: &str) -> &Relay {
        let has_it = |relay: &&Relay| relay.config.account.provinces.iter().any(|province| province == letters);
        self.further.iter().find(has_it).unwrap_or(&self.main)
    }
}

/// Why a round of a worker ended early; it is repeated later.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// The database does not answer.
    #[error("the database does not answer")]
    Database(#[from] sqlx::Error),
    /// Stored data cannot be encrypted or read.
    #[error("stored data cannot be used")]
    Vault(#[from] icp_kit::vault::VaultError),
    /// A file cannot be packed.
    #[error("a file cannot be packed")]
    Envelope(#[from] crate::wire::envelope::EnvelopeError),
    /// A picture of a record cannot be read now.
    #[error("a picture cannot be read")]
    Picture(#[from] crate::record::PictureError),
    /// The counter cannot advance.
    #[error("the upload counter cannot advance")]
    Sequence(#[from] crate::sequence::SequenceError),
    /// Somebody else moved a row, or a row is not what it should be.
    #[error("the stored state is not as expected: {0}")]
    State(String),
}
