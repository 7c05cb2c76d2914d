//! Publishing modules to the bus and naming what is active and what is in shadow: for the tools.

use async_nats::jetstream::object_store::{ObjectMetadata, ObjectStore};
use async_nats::jetstream::{self, kv};
use futures::StreamExt;
use icp_domain::Province;
use icp_rules_sdk::vector::Vector;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;

use crate::buckets;
use crate::signature::{Release, SigningKey, digest_of};

/// Key of a module's metadata: letters of its province.
const PROVINCE: &str = "province";
/// Key of a module's metadata: its release as JSON.
const RELEASE: &str = "release";

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
    /// A value cannot be written as JSON.
    #[error("a value for the bus cannot be written")]
    Json(#[source] serde_json::Error),
    /// There is nothing to go back to.
    #[error("no earlier release of {0} is known on the bus")]
    NoPrevious(&'static str),
    /// The province has none.
    #[error("no release of {0} is active")]
    NoneActive(&'static str),
    /// Somebody else was faster.
    #[error("the active release of {0} was changed by somebody else meanwhile; look at it and try again")]
    Overtaken(&'static str),
    /// The bus does not hold what it should.
    #[error("{0} on the bus is damaged: {1}")]
    Damaged(String, String),
}

pub(crate) fn bus<E: std::fmt::Display>(step: &'static str) -> impl FnOnce(E) -> PublishError {
    move |error| PublishError::Bus { step, reason: error.to_string() }
}

/// The value of a province's key in `icp_rules_active`: the release, and the one before it to go back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// What is to be active.
    #[serde(flatten)]
    pub release: Release,
    /// What was to be active before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Release>,
}

/// Name of the object with the vectors of a module.
pub(crate) fn vectors_object(digest: &str) -> String {
    format!("{digest}.vectors")
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
    store(jetstream, province, &release, module, vectors).await?;
    announce(jetstream, province, &release).await?;
    Ok(release)
}

/// What is known of a stored module without fetching it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredInfo {
    /// Letters of the province.
    pub province: String,
    /// How it was released.
    pub release: Release,
    /// Size of the component.
    pub bytes: usize,
}

/// Puts a module, its release and its vectors on the bus; nothing becomes active.
///
/// # Errors
/// When the bus refuses.
pub async fn store(
    jetstream: &jetstream::Context,
    province: Province,
    release: &Release,
    module: &[u8],
    vectors: &[Vector],
) -> Result<(), PublishError> {
    let bucket = buckets::objects(jetstream).await?;
    // The vectors first: a module that is there has its vectors.
    let vectors = serde_json::to_vec(vectors).map_err(PublishError::Json)?;
    put(&bucket, ObjectMetadata::from(vectors_object(&release.digest).as_str()), &vectors).await?;
    let released = serde_json::to_string(release).map_err(PublishError::Json)?;
    let metadata = [(PROVINCE, province.letters().to_owned()), (RELEASE, released)];
    let metadata = ObjectMetadata {
        name: release.digest.clone(),
        metadata: metadata.map(|(key, value)| (key.to_owned(), value)).into(),
        ..Default::default()
    };
    put(&bucket, metadata, module).await
}

/// A module as it lies on the bus.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The component.
    pub module: Vec<u8>,
    /// Its vectors.
    pub vectors: Vec<Vector>,
}

/// Fetches a stored module by its digest.
///
/// # Errors
/// When the bus does not hold it, or holds something else under its name.
pub async fn fetch(jetstream: &jetstream::Context, digest: &str) -> Result<Stored, PublishError> {
    fetch_from(&buckets::objects(jetstream).await?, digest).await
}

pub(crate) async fn fetch_from(objects: &ObjectStore, digest: &str) -> Result<Stored, PublishError> {
    let module = read(objects, digest).await?;
    if digest_of(&module) != digest {
        return Err(PublishError::Damaged(digest.to_owned(), "its bytes have another digest".to_owned()));
    }
    // A module whose vectors are missing must not pass as one that has none.
    let vectors = read(objects, &vectors_object(digest)).await?;
    let vectors = serde_json::from_slice(&vectors)
        .map_err(|error| PublishError::Damaged(vectors_object(digest), error.to_string()))?;
    Ok(Stored { module, vectors })
}

/// All stored modules.
///
/// # Errors
/// When the bus refuses.
pub async fn stored(jetstream: &jetstream::Context) -> Result<Vec<StoredInfo>, PublishError> {
    let bucket = buckets::objects(jetstream).await?;
    let mut list = bucket.list().await.map_err(bus("list the modules"))?;
    let mut stored = Vec::new();
    while let Some(object) = list.next().await {
        let object = object.map_err(bus("list the modules"))?;
        let release = object.metadata.get(RELEASE).and_then(|text| serde_json::from_str(text).ok());
        if let (Some(province), Some(release)) = (object.metadata.get(PROVINCE), release) {
            stored.push(StoredInfo { province: province.clone(), release, bytes: object.size });
        }
    }
    Ok(stored)
}

/// Names a stored release as the province's active one; what was active before stays on record for [`rollback`].
///
/// # Errors
/// When the bus refuses, or somebody else names one at the same time.
pub async fn announce(
    jetstream: &jetstream::Context,
    province: Province,
    release: &Release,
) -> Result<(), PublishError> {
    let bucket = buckets::active(jetstream).await?;
    let current = announced_in(&bucket, province).await?;
    let previous = match &current {
        // The same again must not push out the one to go back to.
        Some((current, _)) if current.release.digest == release.digest => current.previous.clone(),
        Some((current, _)) => Some(current.release.clone()),
        None => None,
    };
    let announcement = Announcement { release: release.clone(), previous };
    replace(&bucket, province, &announcement, current.map(|(_, revision)| revision)).await
}

/// Names the release before the active one as active again, on all hosts. Twice is back again.
///
/// # Errors
/// When none is known, the bus refuses, or somebody else changes the active release at the same time.
pub async fn rollback(jetstream: &jetstream::Context, province: Province) -> Result<Announcement, PublishError> {
    let bucket = buckets::active(jetstream).await?;
    let (current, revision) =
        announced_in(&bucket, province).await?.ok_or(PublishError::NoneActive(province.letters()))?;
    let release = current.previous.ok_or(PublishError::NoPrevious(province.letters()))?;
    let announcement = Announcement { release, previous: Some(current.release) };
    replace(&bucket, province, &announcement, Some(revision)).await?;
    Ok(announcement)
}

/// What the bus names active for a province.
///
/// # Errors
/// When the bus refuses or holds something else.
pub async fn announced(
    jetstream: &jetstream::Context,
    province: Province,
) -> Result<Option<Announcement>, PublishError> {
    let bucket = buckets::active(jetstream).await?;
    Ok(announced_in(&bucket, province).await?.map(|(announcement, _)| announcement))
}

pub(crate) async fn announced_in(
    bucket: &kv::Store,
    province: Province,
) -> Result<Option<(Announcement, u64)>, PublishError> {
    named(bucket, province, "read the active releases").await
}

/// The candidate that the bus names for a province's shadow, and the number of its run.
pub(crate) async fn shadowed_in(
    bucket: &kv::Store,
    province: Province,
) -> Result<Option<(Release, u64)>, PublishError> {
    named(bucket, province, "read the shadows").await
}

async fn named<T: serde::de::DeserializeOwned>(
    bucket: &kv::Store,
    province: Province,
    step: &'static str,
) -> Result<Option<(T, u64)>, PublishError> {
    let letters = province.letters();
    let entry = bucket.entry(letters).await.map_err(bus(step))?;
    let Some(entry) = entry.filter(|entry| entry.operation == kv::Operation::Put) else { return Ok(None) };
    let value = serde_json::from_slice(&entry.value)
        .map_err(|error| PublishError::Damaged(format!("{} {letters}", bucket.name), error.to_string()))?;
    Ok(Some((value, entry.revision)))
}

async fn replace(
    bucket: &kv::Store,
    province: Province,
    announcement: &Announcement,
    revision: Option<u64>,
) -> Result<(), PublishError> {
    let letters = province.letters();
    let value = serde_json::to_vec(announcement).map_err(PublishError::Json)?.into();
    // Revision 0: there must be none yet.
    match bucket.update(letters, value, revision.unwrap_or(0)).await {
        Ok(_revision) => Ok(()),
        Err(error) if error.kind() == kv::UpdateErrorKind::WrongLastRevision => Err(PublishError::Overtaken(letters)),
        Err(error) => Err(bus("name the active release")(error)),
    }
}

/// Names a stored release as the candidate that judges beside the active module of its province, on all hosts.
///
/// # Errors
/// When the bus refuses.
pub async fn shadow(jetstream: &jetstream::Context, province: Province, release: &Release) -> Result<(), PublishError> {
    let value = serde_json::to_vec(release).map_err(PublishError::Json)?;
    let bucket = buckets::shadow(jetstream).await?;
    bucket.put(province.letters(), value.into()).await.map_err(bus("name the shadow"))?;
    Ok(())
}

/// Ends the shadow of a province on all hosts; the reports stay.
///
/// # Errors
/// When the bus refuses.
pub async fn end_shadow(jetstream: &jetstream::Context, province: Province) -> Result<(), PublishError> {
    let bucket = buckets::shadow(jetstream).await?;
    bucket.delete(province.letters()).await.map_err(bus("end the shadow"))
}

/// The candidate that is in shadow mode for a province.
///
/// # Errors
/// When the bus refuses or holds something else.
pub async fn shadowed(jetstream: &jetstream::Context, province: Province) -> Result<Option<Release>, PublishError> {
    Ok(shadowed_in(&buckets::shadow(jetstream).await?, province).await?.map(|(release, _)| release))
}

async fn put(bucket: &ObjectStore, metadata: ObjectMetadata, bytes: &[u8]) -> Result<(), PublishError> {
    let mut reader = bytes;
    bucket.put(metadata, &mut reader).await.map_err(bus("store the module"))?;
    Ok(())
}

async fn read(objects: &ObjectStore, name: &str) -> Result<Vec<u8>, PublishError> {
    let mut object = objects.get(name).await.map_err(bus("fetch a module"))?;
    let mut bytes = Vec::new();
    object.read_to_end(&mut bytes).await.map_err(bus("fetch a module"))?;
    Ok(bytes)
}
