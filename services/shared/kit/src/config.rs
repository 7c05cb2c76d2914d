//! Configuration: compiled-in defaults, then a file, then the environment. Unknown keys refuse to start.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Sensitive;
use crate::gather::{Answering, Gather};

/// The defaults of the sections that every service has.
pub const COMMON_DEFAULTS: &str = include_str!("common.default.toml");

/// Sections that every service has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Common {
    /// Addresses and shutdown.
    pub service: ServiceSection,
    /// Postgres.
    pub database: DatabaseSection,
    /// NATS.
    pub nats: NatsSection,
    /// Jobs that call the outside.
    pub jobs: JobsSection,
    /// Keys for sealing and encryption at rest.
    pub keys: KeysSection,
    /// Clock.
    pub clock: ClockSection,
    /// Object store of materials.
    pub materials: MaterialsSection,
    /// Logs, traces and metrics.
    pub telemetry: TelemetrySection,
}

/// `[service]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSection {
    /// Address of REST and health.
    pub http_listen: SocketAddr,
    /// Address of gRPC.
    pub grpc_listen: SocketAddr,
    /// Longest wait for work in flight at shutdown, milliseconds.
    pub shutdown_ms: u64,
}

/// `[database]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSection {
    /// Connection URL; may hold a password, so it is never printed.
    pub url: Sensitive<String>,
    /// Connections kept at most.
    pub max_connections: u32,
}

/// `[nats]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsSection {
    /// Server URLs, comma separated.
    pub url: Sensitive<String>,
    /// Replicas of the streams.
    pub replicas: usize,
    /// Messages handled in one transaction at most.
    pub batch: usize,
    /// Under load, how long a batch is left to grow at most, milliseconds.
    pub linger_ms: u64,
    /// Attempts before a message becomes a dead letter.
    pub max_attempts: i64,
    /// A message that was not acknowledged comes again after this time, milliseconds.
    pub ack_wait_ms: u64,
    /// Fault injection: publish everything twice.
    pub publish_twice: bool,
}

impl NatsSection {
    /// Under load, how long a batch is left to grow at most.
    pub fn linger(&self) -> Duration {
        Duration::from_millis(self.linger_ms)
    }

    /// A place where questions of requests gather, in groups like those of messages, and the part that answers.
    pub fn gather<Q: Send + 'static, A: Send + 'static>(&self) -> (Gather<Q, A>, Answering<Q, A>) {
        Gather::new(self.batch, self.linger())
    }
}

/// `[jobs]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobsSection {
    /// Jobs claimed at once.
    pub claim: i64,
    /// Jobs of one worker that run side by side.
    pub concurrency: usize,
    /// Lease of a claimed job, milliseconds.
    pub lease_ms: i64,
    /// Attempts before a job is given up.
    pub max_attempts: i32,
    /// First wait before a retry, milliseconds.
    pub retry_first_ms: u64,
    /// Longest wait before a retry, milliseconds.
    pub retry_max_ms: u64,
}

/// `[keys]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysSection {
    /// File with this service's private HPKE key.
    pub private_key_file: PathBuf,
    /// File with the key-encryption key.
    pub kek_file: PathBuf,
    /// Public HPKE keys by service.
    #[serde(default)]
    pub public: BTreeMap<String, String>,
}

/// `[clock]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockSection {
    /// Follow the sandbox's clock.
    pub follow_bus: bool,
}

/// `[materials]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialsSection {
    /// Folder of the object store.
    pub root: PathBuf,
    /// Largest accepted material, bytes.
    pub max_bytes: usize,
}

/// `[telemetry]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySection {
    /// OTLP endpoint; empty is off.
    pub otlp_endpoint: String,
    /// Log filter.
    pub log: String,
    /// `json` or `text`.
    pub log_format: String,
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value is missing, unknown or of the wrong type.
    #[error("configuration refused: {0}")]
    Invalid(Box<figment::Error>),
    /// A key that nobody reads.
    #[error("unknown configuration section `{0}`; known sections: {1}")]
    UnknownSection(String, String),
    /// A value that must be given.
    #[error("`{key}` is not set; set it in the file or as {variable}")]
    Missing {
        /// Path of the key.
        key: &'static str,
        /// Environment variable that sets it.
        variable: String,
    },
}

impl From<figment::Error> for ConfigError {
    fn from(error: figment::Error) -> Self {
        Self::Invalid(Box::new(error))
    }
}

/// A loaded configuration: the common sections and the service's own section.
#[derive(Debug, Clone, Serialize)]
pub struct Loaded<T> {
    /// Sections that every service has.
    #[serde(flatten)]
    pub common: Common,
    /// The section named after the service.
    pub own: T,
}

const SECTIONS: [&str; 8] = ["service", "database", "nats", "jobs", "keys", "clock", "materials", "telemetry"];

/// Loads the configuration of `service`; its own settings are in the section `[<service>]`.
pub fn load<T: DeserializeOwned>(
    service: &str,
    own_defaults: &str,
    file: Option<&Path>,
) -> Result<Loaded<T>, ConfigError> {
    let prefix = format!("ICP_{}__", service.to_uppercase());
    let mut figment = Figment::from(Toml::string(COMMON_DEFAULTS)).merge(Toml::string(own_defaults));
    if let Some(path) = file {
        figment = figment.merge(Toml::file_exact(path));
    }
    figment = figment.merge(Env::prefixed(&prefix).split("__"));

    let all: figment::value::Dict = figment.extract()?;
    if let Some(unknown) = all.keys().find(|key| *key != service && !SECTIONS.contains(&key.as_str())) {
        let known = format!("{}, {service}", SECTIONS.join(", "));
        return Err(ConfigError::UnknownSection(unknown.clone(), known));
    }
    let loaded = Loaded { common: figment.extract()?, own: figment.extract_inner(service)? };
    require(&prefix, "database.url", "DATABASE__URL", loaded.common.database.url.expose())?;
    require(&prefix, "nats.url", "NATS__URL", loaded.common.nats.url.expose())?;
    Ok(loaded)
}

fn require(prefix: &str, key: &'static str, variable: &str, value: &str) -> Result<(), ConfigError> {
    if value.is_empty() {
        return Err(ConfigError::Missing { key, variable: format!("{prefix}{variable}") });
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        limit: u32,
    }

    fn with(text: &str) -> Result<Loaded<Own>, ConfigError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        load("example", "[example]\nlimit = 3\n", Some(file.path()))
    }

    const URLS: &str = "[database]\nurl = \"postgres://x\"\n[nats]\nurl = \"nats://y\"\n";

    #[test]
    fn file_overrides_defaults() {
        let loaded = with(&format!("{URLS}[example]\nlimit = 5\n")).unwrap();
        assert_eq!(loaded.own.limit, 5);
        assert_eq!(loaded.common.nats.replicas, 1);
    }

    #[test]
    fn unknown_keys_refuse_to_start() {
        assert!(with(&format!("{URLS}[exmaple]\nlimit = 5\n")).unwrap_err().to_string().contains("exmaple"));
        assert!(with(&format!("{URLS}[example]\nlimits = 5\n")).unwrap_err().to_string().contains("limits"));
        let misspelt_common = "[database]\nurl = \"x\"\nurll = \"y\"\n[nats]\nurl = \"y\"\n";
        assert!(with(misspelt_common).unwrap_err().to_string().contains("urll"));
    }

    #[test]
    fn a_missing_url_names_its_variable() {
        assert!(with("").unwrap_err().to_string().contains("ICP_EXAMPLE__DATABASE__URL"));
    }

    #[test]
    fn a_printed_configuration_hides_the_urls() {
        let loaded = with(&URLS.replace("postgres://x", "postgres://u:hidden@h/d")).unwrap();
        assert!(!format!("{:?}{}", loaded.common, toml::to_string(&loaded.common).unwrap()).contains("hidden"));
    }
}
