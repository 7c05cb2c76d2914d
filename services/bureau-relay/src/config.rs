//! The relay's own settings, section `[relay]` of the configuration; see `config.default.toml`.

use std::path::{Path, PathBuf};

use icp_kit::Sensitive;
use serde::{Deserialize, Serialize};

use crate::batch::BatchLimits;
use crate::reply::ReplyRules;
use crate::wire::dialect::Dialect;
use crate::wire::envelope::ContentKey;

/// The compiled-in defaults, with the meaning of every key.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// `[relay]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The account at the bureau.
    pub account: AccountSection,
    /// How this bureau spells requests.
    pub dialect: Dialect,
    /// Limits of a call.
    pub calls: CallsSection,
    /// Limits of an upload.
    pub batch: BatchLimits,
    /// Intervals and waits.
    pub timing: TimingSection,
    /// How results are read.
    pub replies: ReplyRules,
    /// How long files are kept.
    pub retention: RetentionSection,
}

/// `[relay.account]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSection {
    /// Name of the account in the database.
    pub name: String,
    /// Base address of the bureau's interface.
    pub endpoint: String,
    /// Number of the provider at the bureau.
    pub isp_id: i64,
    /// Account name.
    pub user_name: String,
    /// Password.
    pub password: Sensitive<String>,
    /// File with the password.
    pub password_file: PathBuf,
    /// AES key as issued.
    pub content_key: Sensitive<String>,
    /// File with the AES key.
    pub content_key_file: PathBuf,
    /// AES offset as issued.
    pub content_iv: Sensitive<String>,
    /// File with the AES offset.
    pub content_iv_file: PathBuf,
    /// Whether uploads are encrypted.
    pub encrypt_uploads: bool,
}

/// `[relay.calls]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallsSection {
    /// Longest wait for an answer, milliseconds.
    pub timeout_ms: u64,
    /// Largest answer that is read, bytes.
    pub max_answer_bytes: usize,
    /// How often a status query is asked before its code is told instead of an answer.
    pub query_attempts: i32,
}

/// `[relay.timing]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimingSection {
    /// How often the bureau is asked for results, milliseconds.
    pub download_interval_ms: u64,
    /// Least time between two status queries, milliseconds.
    pub query_interval_ms: u64,
    /// First wait before a repetition, milliseconds.
    pub retry_first_ms: u64,
    /// Longest wait before a repetition, milliseconds.
    pub retry_max_ms: u64,
    /// Wait before a stopped queue is tried again, milliseconds.
    pub stopped_retry_ms: u64,
    /// How often the uploader looks for work without being woken, milliseconds.
    pub idle_check_ms: u64,
}

/// `[relay.retention]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionSection {
    /// Days that uploaded files are kept.
    pub uploaded_days: u32,
    /// Days that downloaded files are kept.
    pub downloaded_days: u32,
    /// How often the retention is looked after, milliseconds.
    pub sweep_interval_ms: u64,
}

/// The account with its secrets read.
#[derive(Debug, Clone)]
pub struct Account {
    /// Name of the account in the database.
    pub name: String,
    /// Base address without a slash at the end.
    pub endpoint: String,
    /// Number of the provider at the bureau.
    pub isp_id: i64,
    /// Account name.
    pub user_name: String,
    /// Password.
    pub password: Sensitive<String>,
    /// AES key and offset.
    pub content_key: ContentKey,
    /// Whether uploads are encrypted.
    pub encrypt_uploads: bool,
}

/// Why the account's settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A setting has no value.
    #[error("relay.account.{0} is not set")]
    Missing(&'static str),
    /// A secret's file cannot be read.
    #[error("relay.account.{key}: cannot read {path}")]
    Unreadable {
        /// Name of the setting.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Key or offset have another length.
    #[error("relay.account.content_key and content_iv must have 16 characters each, as issued by the bureau")]
    KeyLength,
}

impl AccountSection {
    /// Reads the secrets and checks the settings.
    pub fn load(&self) -> Result<Account, AccountError> {
        if self.endpoint.is_empty() {
            return Err(AccountError::Missing("endpoint"));
        }
        if self.isp_id <= 0 {
            return Err(AccountError::Missing("isp_id"));
        }
        if self.user_name.is_empty() {
            return Err(AccountError::Missing("user_name"));
        }
        let password = secret("password", &self.password, &self.password_file)?;
        let key = secret("content_key", &self.content_key, &self.content_key_file)?;
        let iv = secret("content_iv", &self.content_iv, &self.content_iv_file)?;
        Ok(Account {
            name: self.name.clone(),
            endpoint: self.endpoint.trim_end_matches('/').to_owned(),
            isp_id: self.isp_id,
            user_name: self.user_name.clone(),
            content_key: ContentKey::from_text(key.expose(), iv.expose()).ok_or(AccountError::KeyLength)?,
            password,
            encrypt_uploads: self.encrypt_uploads,
        })
    }
}

fn secret(key: &'static str, value: &Sensitive<String>, file: &Path) -> Result<Sensitive<String>, AccountError> {
    if !value.expose().is_empty() {
        return Ok(value.clone());
    }
    if file.as_os_str().is_empty() {
        return Err(AccountError::Missing(key));
    }
    let text = std::fs::read_to_string(file).map_err(|source| AccountError::Unreadable {
        key,
        path: file.to_path_buf(),
        source,
    })?;
    Ok(Sensitive::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const URLS: &str = "[database]\nurl = \"postgres://x\"\n[nats]\nurl = \"nats://y\"\n";

    fn load(own: &str) -> Config {
        let file = std::env::temp_dir().join(format!("icp-relay-config-{}.toml", uuid::Uuid::now_v7()));
        std::fs::write(&file, format!("{URLS}{own}")).unwrap();
        let loaded = icp_kit::config::load::<Config>("relay", DEFAULTS, Some(&file));
        std::fs::remove_file(&file).unwrap();
        loaded.unwrap().own
    }

    #[test]
    fn the_defaults_are_complete_and_an_account_must_be_named() {
        let config = load("");
        assert!(config.batch.max_bytes < crate::wire::envelope::MAX_XML_BYTES);
        assert!(config.retention.uploaded_days >= 92, "the interface wants three months");
        assert!(matches!(config.account.load(), Err(AccountError::Missing("endpoint"))));
    }

    #[test]
    fn secrets_come_from_the_setting_or_a_file_and_are_never_shown() {
        let file = std::env::temp_dir().join(format!("icp-relay-secret-{}", uuid::Uuid::now_v7()));
        std::fs::write(&file, "from-a-file\n").unwrap();
        let config = load(&format!(
            "[relay.account]\nendpoint = \"http://b/\"\nisp_id = 1\nuser_name = \"u\"\npassword_file = {file:?}\n\
             content_key = \"ABCDEFGHIJKLMNOP\"\ncontent_iv = \"0102030405060708\"\n"
        ));
        let account = config.account.load().unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(account.password.expose(), "from-a-file");
        assert_eq!(account.endpoint, "http://b");
        let shown = format!("{account:?} {config:?}");
        assert!(!shown.contains("from-a-file") && !shown.contains("ABCDEFGH"), "{shown}");
        let mut short = config.account.clone();
        short.content_key = Sensitive::new("short".into());
        assert!(short.load().is_err());
    }
}
