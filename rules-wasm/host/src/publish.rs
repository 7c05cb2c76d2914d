//! Publishing a module to the bus, for the tools.

use async_nats::jetstream;
use icp_domain::Province;
use icp_rules_sdk::vector::Vector;

use crate::signature::{Release, SigningKey};

/// Object store bucket of the modules: object name = digest.
pub const OBJECTS: &str = "icp_rules";
/// Key-value bucket of the active releases: key = letters of the province.
pub const ACTIVE: &str = "icp_rules_active";

/// Why a module could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The bus refused a step.
    #[error("the bus refused to {step}: {reason}")]
    Bus {
        /// What was tried.
        step: &'static str,
        /// Why.
        reason: String,
    },
    /// The vectors cannot be written.
    #[error("the vectors cannot be written")]
    Vectors(#[source] serde_json::Error),
}

pub(crate) fn bus<E: std::fmt::Display>(step: &'static str) -> impl FnOnce(E) -> PublishError {
    move |error| PublishError::Bus { step, reason: error.to_string() }
}

/// Name of the object with the vectors of a module.
pub(crate) fn vectors_object(digest: &str) -> String {
    format!("{digest}.vectors")
}

/// The bucket of modules; made when it is missing.
pub(crate) async fn objects(
    jetstream: &jetstream::Context,
) -> Result<jetstream::object_store::ObjectStore, PublishError> {
    if let Ok(bucket) = jetstream.get_object_store(OBJECTS).await {
        return Ok(bucket);
    }
    let config = jetstream::object_store::Config {
        bucket: OBJECTS.to_owned(),
        description: Some("rule modules of the bureaus, by digest".to_owned()),
        ..Default::default()
    };
    jetstream.create_object_store(config).await.map_err(bus("make the bucket icp_rules"))
}

/// The bucket of active releases; made when it is missing.
pub(crate) async fn active(jetstream: &jetstream::Context) -> Result<jetstream::kv::Store, PublishError> {
    if let Ok(bucket) = jetstream.get_key_value(ACTIVE).await {
        return Ok(bucket);
    }
    // Made as a stream: `create_key_value` first asks for the account's limits in a form that nats-server 2.9
    // does not answer.
    let config = jetstream::stream::Config {
        name: format!("KV_{ACTIVE}"),
        description: Some("active rule module of each province".to_owned()),
        subjects: vec![format!("$KV.{ACTIVE}.>")],
        max_messages_per_subject: 10,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        discard: jetstream::stream::DiscardPolicy::New,
        ..Default::default()
    };
    jetstream.get_or_create_stream(config).await.map_err(bus("make the bucket icp_rules_active"))?;
    jetstream.get_key_value(ACTIVE).await.map_err(bus("open the bucket icp_rules_active"))
}

/// Puts a module and its vectors on the bus and makes it the province's active one. Every host fetches it, takes
/// it through all steps of loading and keeps its old one if any step fails.
///
/// # Errors
/// When the bus refuses a step; the active release is named last, so a half-published module is never active.
pub async fn publish(
    jetstream: &jetstream::Context,
    province: Province,
    module: &[u8],
    version: &str,
    key: &SigningKey,
    vectors: &[Vector],
) -> Result<Release, PublishError> {
    let release = key.sign(module, version);
    let bucket = objects(jetstream).await?;
    put(&bucket, &release.digest, module).await?;
    let vectors = serde_json::to_vec(vectors).map_err(PublishError::Vectors)?;
    put(&bucket, &vectors_object(&release.digest), &vectors).await?;
    announce(jetstream, province, &release).await?;
    Ok(release)
}

/// Names a release, whose module is on the bus already, as the province's active one: a roll-back.
///
/// # Errors
/// When the bus refuses.
pub async fn announce(
    jetstream: &jetstream::Context,
    province: Province,
    release: &Release,
) -> Result<(), PublishError> {
    let value = serde_json::to_vec(release).map_err(PublishError::Vectors)?;
    let bucket = active(jetstream).await?;
    bucket.put(province.letters(), value.into()).await.map_err(bus("name the active release"))?;
    Ok(())
}

async fn put(bucket: &jetstream::object_store::ObjectStore, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
    let mut reader = bytes;
    bucket.put(name, &mut reader).await.map_err(bus("store the module"))?;
    Ok(())
}
