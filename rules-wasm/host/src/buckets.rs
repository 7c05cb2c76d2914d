//! The buckets of the bus that rule modules travel in.

use std::time::Duration;

use async_nats::jetstream::{self, kv, object_store, stream};

use crate::publish::{PublishError, bus};

/// Object store bucket of the modules: object name = digest.
pub const OBJECTS: &str = "icp_rules";
/// Key-value bucket of the active releases: key = letters of the province.
pub const ACTIVE: &str = "icp_rules_active";
/// Key-value bucket of the candidates in shadow mode: key = letters of the province.
pub const SHADOW: &str = "icp_rules_shadow";
/// Key-value bucket of what the hosts run: key = `<province>.<host>`.
pub const STATUS: &str = "icp_rules_status";
/// Key-value bucket of the shadows' reports: key = `<province>.<host>`.
pub const REPORT: &str = "icp_rules_report";

/// A host that has not told its status for so long is gone.
pub const STATUS_KEPT: Duration = Duration::from_secs(180);
/// Reports outlive their host, so that a restart loses nothing of a shadow's run.
const REPORT_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// The bucket of modules; made when it is missing.
pub(crate) async fn objects(jetstream: &jetstream::Context) -> Result<object_store::ObjectStore, PublishError> {
    if let Ok(bucket) = jetstream.get_object_store(OBJECTS).await {
        return Ok(bucket);
    }
    let config = object_store::Config {
        bucket: OBJECTS.to_owned(),
        description: Some("rule modules of the bureaus, by digest".to_owned()),
        ..Default::default()
    };
    jetstream.create_object_store(config).await.map_err(bus("make the bucket icp_rules"))
}

pub(crate) async fn active(jetstream: &jetstream::Context) -> Result<kv::Store, PublishError> {
    key_value(jetstream, ACTIVE, "active rule module of each province", 10, Duration::ZERO).await
}

pub(crate) async fn shadow(jetstream: &jetstream::Context) -> Result<kv::Store, PublishError> {
    key_value(jetstream, SHADOW, "candidate in shadow mode of each province", 10, Duration::ZERO).await
}

pub(crate) async fn status(jetstream: &jetstream::Context) -> Result<kv::Store, PublishError> {
    key_value(jetstream, STATUS, "what each host runs", 1, STATUS_KEPT).await
}

pub(crate) async fn report(jetstream: &jetstream::Context) -> Result<kv::Store, PublishError> {
    key_value(jetstream, REPORT, "what each host's shadows found", 1, REPORT_KEPT).await
}

/// A key-value bucket; made when it is missing.
async fn key_value(
    jetstream: &jetstream::Context,
    name: &str,
    description: &str,
    history: i64,
    kept: Duration,
) -> Result<kv::Store, PublishError> {
    if let Ok(bucket) = jetstream.get_key_value(name).await {
        return Ok(bucket);
    }
    // Made as a stream: `create_key_value` first asks for the account's limits in a form that nats-server 2.9
    // does not answer.
    let config = stream::Config {
        name: format!("KV_{name}"),
        description: Some(description.to_owned()),
        subjects: vec![format!("$KV.{name}.>")],
        max_messages_per_subject: history,
        max_age: kept,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        discard: stream::DiscardPolicy::New,
        ..Default::default()
    };
    jetstream.get_or_create_stream(config).await.map_err(bus("make a bucket"))?;
    jetstream.get_key_value(name).await.map_err(bus("open a bucket"))
}
