//! Publishing modules to the bus and naming what is active and what is in shadow: for the tools.

use async_nats::jetstream::object_store::{ObjectMetadata, ObjectStore};
use async_nats::jetstream::{self, kv};
use chrono::NaiveDate;
use futures::StreamExt;
use icp_domain::Province;
use icp_rules_sdk::Date;
use icp_rules_sdk::vector::Vector;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;

use crate::buckets;
use crate::signature::{Release, SigningKey, digest_of};
use crate::status;

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
    /// A plan needs something that judges until then.
    #[error("no release of {0} is active that could judge until {1}, when this one comes into force")]
    NoneUntil(&'static str, NaiveDate),
    /// A province has one plan at a time.
    #[error("release {1} of {0} is planned for {2} already; a second plan would silently take its place")]
    AlreadyPlanned(&'static str, String, NaiveDate),
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

/// The value of a province's key in `icp_rules_active`: the release, the one before it to go back to, and the one that
/// takes its place on the day on which it comes into force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// What is to be active.
    #[serde(flatten)]
    pub release: Release,
    /// What was to be active before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Release>,
    /// What is planned: it becomes active on its day, without another word on the bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Release>,
}

impl Announcement {
    /// How it stands on a day: a plan whose day has come has taken its place.
    pub fn on(self, today: Date) -> Self {
        match self.next {
            Some(next) if next.is_in_force(today) => Self { release: next, previous: Some(self.release), next: None },
            _ => self,
        }
    }

    /// With one more release: planned when its day is still to come, or else active. A plan stays.
    fn followed_by(self, release: &Release, today: Date) -> Self {
        if !release.is_in_force(today) {
            return Self { next: Some(release.clone()), ..self };
        }
        // The same again must not push out the one to go back to.
        let is_same = self.release.digest == release.digest;
        Self {
            release: release.clone(),
            previous: if is_same { self.previous } else { Some(self.release) },
            next: self.next.filter(|next| next.digest != release.digest),
        }
    }
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

/// Names a stored release as the province's active one; what was active before stays on record for [`rollback`]. A
/// release whose day is still to come is planned: hosts prove it now and hold it ready, and it becomes active on that
/// day by their clock; until then it can be [`withdraw`]n.
///
/// # Errors
/// When the bus refuses, somebody else names one at the same time, nothing would judge until the day of a plan, or
/// another release is planned.
pub async fn announce(
    jetstream: &jetstream::Context,
    province: Province,
    release: &Release,
) -> Result<Announcement, PublishError> {
    let bucket = buckets::active(jetstream).await?;
    let today = status::today(jetstream).await?;
    let (current, revision) = announced_in(&bucket, province).await?.unzip();
    let current = current.map(|current| current.on(today));
    let planned = current.as_ref().and_then(|current| current.next.as_ref());
    if let Some(Release { version, effective_from: Some(first), digest, .. }) = planned
        && !release.is_in_force(today)
        && *digest != release.digest
    {
        return Err(PublishError::AlreadyPlanned(province.letters(), version.clone(), *first));
    }
    let announcement = match (current, release.effective_from) {
        (Some(current), _) => current.followed_by(release, today),
        (None, Some(first)) if !release.is_in_force(today) => {
            return Err(PublishError::NoneUntil(province.letters(), first));
        }
        (None, _) => Announcement { release: release.clone(), previous: None, next: None },
    };
    replace(&bucket, province, &announcement, revision).await?;
    Ok(announcement)
}

/// Takes a plan back and tells it; none when nothing is planned. What is active stays.
///
/// # Errors
/// When the bus refuses, or somebody else changes the active release at the same time.
pub async fn withdraw(jetstream: &jetstream::Context, province: Province) -> Result<Option<Release>, PublishError> {
    let bucket = buckets::active(jetstream).await?;
    let today = status::today(jetstream).await?;
    let Some((current, revision)) = announced_in(&bucket, province).await? else { return Ok(None) };
    let Announcement { release, previous, next: Some(planned) } = current.on(today) else { return Ok(None) };
    replace(&bucket, province, &Announcement { release, previous, next: None }, Some(revision)).await?;
    Ok(Some(planned))
}

/// Names the release before the active one as active again, on all hosts. Twice is back again. A plan stays.
///
/// # Errors
/// When none is known, the bus refuses, or somebody else changes the active release at the same time.
pub async fn rollback(jetstream: &jetstream::Context, province: Province) -> Result<Announcement, PublishError> {
    let bucket = buckets::active(jetstream).await?;
    let today = status::today(jetstream).await?;
    let (current, revision) =
        announced_in(&bucket, province).await?.ok_or(PublishError::NoneActive(province.letters()))?;
    let current = current.on(today);
    let release = current.previous.ok_or(PublishError::NoPrevious(province.letters()))?;
    let announcement = Announcement { release, previous: Some(current.release), next: current.next };
    replace(&bucket, province, &announcement, Some(revision)).await?;
    Ok(announcement)
}

/// What the bus names active for a province; [`Announcement::on`] says how that stands today.
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const TODAY: Date = Date::new(2026, 11, 22);

    fn release(name: &str, first: Option<&str>) -> Release {
        Release { effective_from: first.map(|first| first.parse().unwrap()), ..Release::unsigned(&[], name) }
    }

    fn named(name: &str) -> Release {
        Release { digest: name.to_owned(), ..release(name, None) }
    }

    fn planned(name: &str) -> Release {
        Release { digest: name.to_owned(), ..release(name, Some("2026-12-01")) }
    }

    /// Versions of the active release, the one before and the plan.
    fn versions(announcement: &Announcement) -> [&str; 3] {
        let of = |release: &Option<Release>| -> &'static str {
            let version = release.as_ref().map_or("", |release| release.version.as_str());
            ["", "1", "2", "3", "4"].into_iter().find(|known| *known == version).unwrap()
        };
        [&announcement.release.version, of(&announcement.previous), of(&announcement.next)]
    }

    #[test]
    fn a_release_of_the_future_is_planned_and_takes_over_on_its_day() {
        let first = Announcement { release: named("1"), previous: None, next: None };
        let second = first.followed_by(&named("2"), TODAY);
        assert_eq!(versions(&second), ["2", "1", ""]);
        let with_plan = second.followed_by(&planned("3"), TODAY);
        assert_eq!(versions(&with_plan), ["2", "1", "3"]);
        // What is urgent meanwhile does not lose the plan, nor the way back; nor does the same again.
        let mended = with_plan.clone().followed_by(&named("4"), TODAY).followed_by(&named("4"), TODAY);
        assert_eq!(versions(&mended), ["4", "2", "3"]);
        // The plan that was improved takes the place of the first one.
        assert_eq!(versions(&mended.clone().followed_by(&planned("1"), TODAY)), ["4", "2", "1"]);

        assert_eq!(mended.clone().on(Date::new(2026, 11, 30)), mended);
        for day in [Date::new(2026, 12, 1), Date::new(2027, 1, 5)] {
            assert_eq!(versions(&mended.clone().on(day)), ["3", "4", ""]);
        }
        // On its day it is an ordinary release, also when it is named once more.
        let on_its_day = mended.followed_by(&planned("3"), Date::new(2026, 12, 1));
        assert_eq!(versions(&on_its_day), ["3", "4", ""]);
    }

    #[test]
    fn a_plan_is_written_beside_the_release_and_read_back() {
        let announcement = Announcement { release: named("1"), previous: None, next: Some(planned("2")) };
        let text = serde_json::to_string(&announcement).unwrap();
        assert!(text.contains(r#""next":{"digest":"2","version":"2","effective_from":"2026-12-01"}"#), "{text}");
        assert_eq!(serde_json::from_str::<Announcement>(&text).unwrap(), announcement);
        let without = r#"{"digest":"1","version":"1"}"#;
        assert_eq!(serde_json::from_str::<Announcement>(without).unwrap().next, None);
    }
}
