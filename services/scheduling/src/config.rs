//! `[schedule]`

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Settings of the service; see `config.default.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Timers fired in one transaction at most.
    pub fire_batch: u32,
    /// Longest sleep between looks at the table.
    pub safety_check_ms: u64,
    /// Wait between a handled set and the look at the table.
    pub commit_grace_ms: u64,
    /// Timers of one key at most.
    pub max_timers_per_key: usize,
    /// When the ticker looks for due cron jobs.
    pub ticker: String,
    /// Nightly clean-up.
    pub clean_up: CleanUpSection,
}

/// `[schedule.clean_up]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CleanUpSection {
    /// When, in China Standard Time.
    pub schedule: String,
    /// Fired timers are kept for this long.
    pub keep_timers_days: u32,
    /// Marks of handled messages are kept for this long.
    pub keep_inbox_days: u32,
    /// Rows deleted by one statement.
    pub delete_batch: u32,
}

/// A value that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Below the floor.
    #[error("{key} = {given} is too small; at least {least}")]
    TooSmall {
        /// Path of the key.
        key: &'static str,
        /// What was given.
        given: u64,
        /// The floor.
        least: u64,
    },
    /// Not a cron expression.
    #[error("{key} is not a cron expression")]
    Cron {
        /// Path of the key.
        key: &'static str,
        /// What is wrong with it.
        source: croner::errors::CronError,
    },
}

impl Config {
    /// Refuses what cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        at_least("schedule.fire_batch", self.fire_batch.into(), 1)?;
        at_least("schedule.safety_check_ms", self.safety_check_ms, 1_000)?;
        at_least("schedule.max_timers_per_key", self.max_timers_per_key as u64, 1)?;
        at_least("schedule.clean_up.delete_batch", self.clean_up.delete_batch.into(), 1)?;
        // Below the age that messages can reach in a stream, a message could be handled twice.
        at_least("schedule.clean_up.keep_inbox_days", self.clean_up.keep_inbox_days.into(), 8)?;
        is_cron("schedule.ticker", &self.ticker)?;
        is_cron("schedule.clean_up.schedule", &self.clean_up.schedule)
    }
}

fn at_least(key: &'static str, given: u64, least: u64) -> Result<(), ConfigError> {
    if given < least { Err(ConfigError::TooSmall { key, given, least }) } else { Ok(()) }
}

fn is_cron(key: &'static str, text: &str) -> Result<(), ConfigError> {
    croner::Cron::from_str(text).map(|_| ()).map_err(|source| ConfigError::Cron { key, source })
}
