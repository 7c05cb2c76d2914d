//! What can be set when the sandbox starts. Everything else is scripted over HTTP.

use std::path::PathBuf;
use std::str::FromStr;

use crate::bureau::interface::Interface;
use crate::issuer::{UserSpec, default_users};

/// Flags of the sandbox; each can also be given as `ICP_SANDBOX_<FLAG>` in the environment.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "icp-sandbox", version, about)]
pub struct Config {
    /// Address of the HTTP port; port 0 takes a free one.
    #[arg(long, env = "ICP_SANDBOX_HTTP", default_value = DEFAULT_ADDRESS)]
    pub http: String,
    /// Address of the SMTP port; port 0 takes a free one.
    #[arg(long, env = "ICP_SANDBOX_SMTP", default_value = DEFAULT_ADDRESS)]
    pub smtp: String,
    /// NATS server that carries the clock's offset to the services (bucket `icp_clock`).
    #[arg(long, env = "ICP_SANDBOX_NATS_URL")]
    pub nats_url: Option<String>,
    /// File that receives `{"http": "host:port", "smtp": "host:port"}` when both ports serve.
    #[arg(long, env = "ICP_SANDBOX_PORTS_FILE")]
    pub ports_file: Option<PathBuf>,
    /// Real time between an accepted file and the outcome of the ministry's automatic checks.
    #[arg(long, env = "ICP_SANDBOX_BUREAU_CHECK_MS", default_value_t = DEFAULT_BUREAU_CHECK_MS)]
    pub bureau_check_ms: u64,
    /// Real time a person takes to answer the ministry's SMS.
    #[arg(long, env = "ICP_SANDBOX_SMS_ANSWER_MS", default_value_t = DEFAULT_SMS_ANSWER_MS)]
    pub sms_answer_ms: u64,
    /// Real time the bureau takes to decide after the last SMS was answered.
    #[arg(long, env = "ICP_SANDBOX_BUREAU_REVIEW_MS", default_value_t = DEFAULT_BUREAU_REVIEW_MS)]
    pub bureau_review_ms: u64,
    /// Hours, on the sandbox's clock, in which the ministry's SMS must be answered.
    #[arg(long, env = "ICP_SANDBOX_SMS_WINDOW_HOURS", default_value_t = DEFAULT_SMS_WINDOW_HOURS)]
    pub sms_window_hours: u32,
    /// Account at a bureau: province:ispId:user:password:key16:iv16, with `:V5.0` for that version. May be repeated.
    #[arg(long = "account", env = "ICP_SANDBOX_ACCOUNTS", value_delimiter = ',', default_values_t = default_accounts())]
    pub accounts: Vec<AccountSpec>,
    /// Bearer key of the SMS gateway.
    #[arg(long, env = "ICP_SANDBOX_SMS_KEY", default_value = DEFAULT_SMS_KEY)]
    pub sms_key: String,
    /// Somebody whom the issuer of tokens knows: name:password:role:account. May be repeated.
    #[arg(long = "issuer-user", env = "ICP_SANDBOX_ISSUER_USERS", value_delimiter = ',', default_values_t = default_users())]
    pub issuer_users: Vec<UserSpec>,
    /// Whom the tokens are for.
    #[arg(long, env = "ICP_SANDBOX_ISSUER_AUDIENCE", default_value = DEFAULT_ISSUER_AUDIENCE)]
    pub issuer_audience: String,
    /// Seconds, in real time, for which a token holds.
    #[arg(long, env = "ICP_SANDBOX_ISSUER_TOKEN_SECONDS", default_value_t = DEFAULT_ISSUER_TOKEN_SECONDS)]
    pub issuer_token_seconds: u64,
    /// XML namespace of the SOAP answers. (The real one is not public; requests may use any.)
    #[arg(long, env = "ICP_SANDBOX_SOAP_NAMESPACE", default_value = DEFAULT_SOAP_NAMESPACE)]
    pub soap_namespace: String,
    /// Largest attachment the bureau takes, in bytes.
    #[arg(long, env = "ICP_SANDBOX_ATTACHMENT_MAX_BYTES", default_value_t = DEFAULT_ATTACHMENT_MAX_BYTES)]
    pub attachment_max_bytes: usize,
    /// Largest mail the sink takes, in bytes.
    #[arg(long, env = "ICP_SANDBOX_MAIL_MAX_BYTES", default_value_t = DEFAULT_MAIL_MAX_BYTES)]
    pub mail_max_bytes: usize,
    /// Keep little history (last message per phone and mailbox, short upload list), for load tests.
    #[arg(long, env = "ICP_SANDBOX_QUIET", default_value_t = false)]
    pub quiet: bool,
    /// Seed of the SMS codes: the same seed and order of events give the same codes.
    #[arg(long, env = "ICP_SANDBOX_SEED", default_value_t = DEFAULT_SEED)]
    pub seed: u64,
}

const DEFAULT_ADDRESS: &str = "127.0.0.1:0";
const DEFAULT_BUREAU_CHECK_MS: u64 = 300;
const DEFAULT_SMS_ANSWER_MS: u64 = 400;
const DEFAULT_BUREAU_REVIEW_MS: u64 = 400;
const DEFAULT_SMS_WINDOW_HOURS: u32 = 24;
const DEFAULT_ISSUER_AUDIENCE: &str = "icp-intake";
const DEFAULT_ISSUER_TOKEN_SECONDS: u64 = 8 * 3600;
const DEFAULT_SMS_KEY: &str = "sandbox-sms-key";
const DEFAULT_SOAP_NAMESPACE: &str = "http://webservice.sandbox.icp/";
const DEFAULT_ATTACHMENT_MAX_BYTES: usize = 100 * 1024;
const DEFAULT_MAIL_MAX_BYTES: usize = 10 * 1024 * 1024;
const DEFAULT_SEED: u64 = 1;

impl Default for Config {
    /// The defaults of the flags, without looking at the environment: for in-process use.
    fn default() -> Self {
        Self {
            http: DEFAULT_ADDRESS.to_owned(),
            smtp: DEFAULT_ADDRESS.to_owned(),
            nats_url: None,
            ports_file: None,
            bureau_check_ms: DEFAULT_BUREAU_CHECK_MS,
            sms_answer_ms: DEFAULT_SMS_ANSWER_MS,
            bureau_review_ms: DEFAULT_BUREAU_REVIEW_MS,
            sms_window_hours: DEFAULT_SMS_WINDOW_HOURS,
            accounts: default_accounts(),
            sms_key: DEFAULT_SMS_KEY.to_owned(),
            issuer_users: default_users(),
            issuer_audience: DEFAULT_ISSUER_AUDIENCE.to_owned(),
            issuer_token_seconds: DEFAULT_ISSUER_TOKEN_SECONDS,
            soap_namespace: DEFAULT_SOAP_NAMESPACE.to_owned(),
            attachment_max_bytes: DEFAULT_ATTACHMENT_MAX_BYTES,
            mail_max_bytes: DEFAULT_MAIL_MAX_BYTES,
            quiet: false,
            seed: DEFAULT_SEED,
        }
    }
}

/// What the bureau of one province issued to the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountSpec {
    /// Province letters, e.g. `gd`.
    pub province: String,
    /// The provider's id; 12 digits in practice, the first six being the province's code.
    pub isp_id: u64,
    /// User name.
    pub user_name: String,
    /// Password (口令).
    pub password: String,
    /// AES-128 key, 16 ASCII characters.
    pub key: [u8; 16],
    /// AES initial vector (偏移量), 16 ASCII characters.
    pub iv: [u8; 16],
    /// Version of the interface that it speaks.
    pub interface: Interface,
}

impl std::fmt::Debug for AccountSpec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AccountSpec")
            .field("province", &self.province)
            .field("isp_id", &self.isp_id)
            .field("user_name", &self.user_name)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Display for AccountSpec {
    /// The flag's form, so that the defaults appear in `--help`; the sandbox has no real secrets.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{}:{}:{}:{}:{}:{}:{}",
            self.province,
            self.isp_id,
            self.user_name,
            self.password,
            String::from_utf8_lossy(&self.key),
            String::from_utf8_lossy(&self.iv),
            self.interface.as_str()
        )
    }
}

/// Why an account in the configuration is refused.
#[derive(Debug, thiserror::Error)]
#[error("account `{given}`: {reason}; expected province:ispId:user:password:key16:iv16, and :V3.0 or :V5.0")]
pub struct AccountSpecError {
    given: String,
    reason: &'static str,
}

impl FromStr for AccountSpec {
    type Err = AccountSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason| AccountSpecError { given: text.to_owned(), reason };
        let parts: Vec<&str> = text.split(':').collect();
        let (parts, interface) = match parts.as_slice() {
            [first @ .., last] if parts.len() == 7 => {
                (first, Interface::parse(last).ok_or_else(|| refuse("the version is neither V3.0 nor V5.0"))?)
            }
            all => (all, Interface::default()),
        };
        let [province, isp_id, user_name, password, key, iv] = parts else {
            return Err(refuse("six or seven parts are needed"));
        };
        if crate::bureau::province::by_letters(province).is_none() {
            return Err(refuse("the province letters are unknown"));
        }
        let sixteen = |value: &str, reason| <[u8; 16]>::try_from(value.as_bytes()).map_err(|_| refuse(reason));
        Ok(Self {
            province: (*province).to_owned(),
            isp_id: isp_id.parse().map_err(|_| refuse("the ispId is not a number"))?,
            user_name: (*user_name).to_owned(),
            password: (*password).to_owned(),
            key: sixteen(key, "the key is not 16 bytes")?,
            iv: sixteen(iv, "the initial vector is not 16 bytes")?,
            interface,
        })
    }
}

/// The accounts a sandbox has when none is named: Guangdong and Zhejiang.
fn default_accounts() -> Vec<AccountSpec> {
    [("gd", 440_000_000_001), ("zj", 330_000_000_001)]
        .into_iter()
        .map(|(province, isp_id)| AccountSpec {
            province: province.to_owned(),
            isp_id,
            user_name: "sandbox".to_owned(),
            password: "sandbox-password".to_owned(),
            key: *b"ABCDEFGHIJKLMNOP",
            iv: *b"0102030405060708",
            interface: Interface::V3,
        })
        .collect()
}
