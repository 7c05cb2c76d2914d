//! `[notify]`

use std::collections::BTreeMap;
use std::path::PathBuf;

use icp_kit::Sensitive;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;

/// Settings of the service; see `config.default.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name that signs.
    pub signature: String,
    /// Notices and their channels.
    pub channels: BTreeMap<String, Vec<Channel>>,
    /// Mail server.
    pub smtp: SmtpSection,
    /// SMS gateway.
    pub sms: SmsSection,
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// Not at all.
    None,
    /// Upgraded by STARTTLS; refused if the server cannot.
    Starttls,
    /// From the first byte.
    Tls,
}

/// `[notify.smtp]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSection {
    /// `host:port`.
    pub address: String,
    /// Protection.
    pub tls: SmtpTls,
    /// User, if the server asks.
    pub user: String,
    /// File with the password.
    pub password_file: PathBuf,
    /// Sender.
    pub from: String,
    /// Domain of message ids.
    pub message_id_domain: String,
    /// Mails side by side.
    pub connections: u32,
    /// Longest wait.
    pub timeout_ms: u64,
}

/// `[notify.sms]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmsSection {
    /// Address of the gateway.
    pub url: String,
    /// Key; empty if `key_file` names a file.
    pub key: Sensitive<String>,
    /// File with the key.
    pub key_file: PathBuf,
    /// Requests side by side.
    pub connections: usize,
    /// Longest wait.
    pub timeout_ms: u64,
}

/// A value that is missing or cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Must be given.
    #[error("{key} is not set; set it in the file or as {variable}")]
    Missing {
        /// Path of the key.
        key: &'static str,
        /// Environment variable.
        variable: &'static str,
    },
    /// Cannot be used.
    #[error("{key}: {reason}")]
    Unusable {
        /// Path of the key.
        key: String,
        /// What is wrong and what would be right.
        reason: String,
    },
}

impl ConfigError {
    /// A value that cannot be used.
    pub fn unusable(key: impl Into<String>, reason: impl ToString) -> Self {
        Self::Unusable { key: key.into(), reason: reason.to_string() }
    }
}

/// Reads a secret from its file, without the line's end.
pub fn read_secret(key: &str, path: &std::path::Path) -> Result<Sensitive<String>, ConfigError> {
    std::fs::read_to_string(path)
        .map(|text| Sensitive::new(text.trim_end().to_owned()))
        .map_err(|error| ConfigError::unusable(key, format!("{}: {error}", path.display())))
}
