//! The relay's own settings, section `[relay]` of the configuration; see `config.default.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use icp_domain::Province;
use icp_kit::{Press, Sensitive};
use serde::{Deserialize, Serialize};

use crate::batch::BatchLimits;
use crate::reply::ReplyRules;
use crate::wire::dialect::{Dialect, Interface};
use crate::wire::envelope::ContentKey;

/// The compiled-in defaults, with the meaning of every key.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// `[relay]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The account of every province that no other account names.
    pub account: AccountSection,
    /// Further accounts, by name.
    #[serde(default)]
    pub accounts: BTreeMap<String, AccountSection>,
    /// How this bureau spells requests.
    pub dialect: Dialect,
    /// How slips are printed.
    pub press: PressSection,
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

/// `[relay.account]` and `[relay.accounts.<name>]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSection {
    /// Name of the account in the database; a further account has that of its section.
    pub name: String,
    /// Letters of the provinces whose orders go through it; only for further accounts.
    pub provinces: Vec<String>,
    /// Version of the interface that its bureau speaks, where it is not that of `[relay.dialect]`.
    pub interface: Option<Interface>,
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

/// `[relay.press]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PressSection {
    /// The program that prints; empty: `icp-press` beside this program.
    pub program: PathBuf,
    /// The font; empty: searched in the usual places.
    pub font_file: PathBuf,
    /// Longest time for one slip, milliseconds.
    pub timeout_ms: u64,
}

impl PressSection {
    /// The press of these settings.
    pub fn press(&self) -> Press {
        Press::new(&self.program, Duration::from_millis(self.timeout_ms))
    }
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

/// Why an account's settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A setting has no value.
    #[error("`{0}` is not set")]
    Missing(&'static str),
    /// The main account names provinces.
    #[error("`provinces` is for further accounts: the main one has every province that they do not name")]
    MainNamesProvinces,
    /// The name of a further account is that of its section.
    #[error("`name` is for the main account: a further one is named by its section, and not like the main one")]
    Named,
    /// Not the letters of a province.
    #[error("`{0}` in `provinces` is not the letters of a province, such as `gd`")]
    NoProvince(String),
    /// A province has one account.
    #[error("`{0}` in `provinces` is another account's")]
    TakenProvince(String),
    /// A secret's file cannot be read.
    #[error("`{key}`: cannot read {path}")]
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
    #[error("`content_key` and `content_iv` must have 16 characters each, as issued by the bureau")]
    KeyLength,
}

impl Default for AccountSection {
    fn default() -> Self {
        let secret = || Sensitive::new(String::new());
        Self {
            name: String::new(),
            provinces: Vec::new(),
            interface: None,
            endpoint: String::new(),
            isp_id: 0,
            user_name: String::new(),
            password: secret(),
            password_file: PathBuf::new(),
            content_key: secret(),
            content_key_file: PathBuf::new(),
            content_iv: secret(),
            content_iv_file: PathBuf::new(),
            encrypt_uploads: true,
        }
    }
}

impl Config {
    /// The settings of each account by itself, the main one first.
    pub fn by_account(&self) -> Result<Vec<Self>, AccountError> {
        if !self.account.provinces.is_empty() {
            return Err(AccountError::MainNamesProvinces);
        }
        let mut taken = BTreeSet::new();
        let mut settings = vec![self.of_account(self.account.clone())];
        for (name, section) in &self.accounts {
            if !section.name.is_empty() || *name == self.account.name {
                return Err(AccountError::Named);
            }
            if section.provinces.is_empty() {
                return Err(AccountError::Missing("provinces"));
            }
            for province in &section.provinces {
                let province = Province::parse(province).ok_or_else(|| AccountError::NoProvince(province.clone()))?;
                if !taken.insert(province.letters()) {
                    return Err(AccountError::TakenProvince(province.letters().to_owned()));
                }
            }
            settings.push(self.of_account(AccountSection { name: name.clone(), ..section.clone() }));
        }
        Ok(settings)
    }

    fn of_account(&self, account: AccountSection) -> Self {
        let interface = account.interface.unwrap_or(self.dialect.interface);
        let dialect = Dialect { interface, ..self.dialect.clone() };
        Self { account, accounts: BTreeMap::new(), dialect, ..self.clone() }
    }
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
    fn a_province_has_one_account_and_an_account_its_own_version() {
        let of = |own: &str| {
            let settings = load(own).by_account()?;
            let brief = |it: &Config| (it.account.name.clone(), it.dialect.interface.as_str());
            Ok::<_, AccountError>(settings.iter().map(brief).collect::<Vec<_>>())
        };
        let named = |name: &str, version| (name.to_owned(), version);
        assert_eq!(of("").unwrap(), [named("main", "V3.0")]);
        let zhejiang = "[relay.accounts.zj]\nprovinces = [\"zj\", \"sh\"]\ninterface = \"V5.0\"\n";
        assert_eq!(of(zhejiang).unwrap(), [named("main", "V3.0"), named("zj", "V5.0")]);
        let also = |section: &str| of(&format!("{zhejiang}{section}")).unwrap_err();
        assert!(matches!(also("[relay.accounts.x]\nprovinces = [\"sh\"]\n"), AccountError::TakenProvince(_)));
        assert!(matches!(also("[relay.accounts.x]\nprovinces = [\"xx\"]\n"), AccountError::NoProvince(_)));
        assert!(matches!(also("[relay.accounts.x]\n"), AccountError::Missing("provinces")));
        assert!(matches!(also("[relay.accounts.main]\nprovinces = [\"gd\"]\n"), AccountError::Named));
        assert!(matches!(also("[relay.account]\nprovinces = [\"gd\"]\n"), AccountError::MainNamesProvinces));
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
