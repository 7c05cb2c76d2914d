//! Taking the bytes of one request: kept part by part, so that a broken connection loses little.

use axum::body::{Body, Bytes};
use futures::StreamExt as _;
use icp_kit::DataKey;
use icp_kit::materials::MaterialError;

use super::checksum::Checksum;
use super::drop_upload;
use crate::api::Api;
use crate::api::auth::Caller;
use crate::api::problem::{Kind, Problem};
use crate::materials::put::Arrival;
use crate::materials::uploads::{self, Part, Upload};
use crate::store::StoredOrder;

/// A request that appends to an upload.
pub(super) struct Appending<'a> {
    api: &'a Api,
    upload: &'a Upload,
    key: DataKey,
    /// Where the upload stands by its committed parts.
    received: i64,
    /// Parts that are stored and not committed.
    stored: Vec<Part>,
    /// Bytes that are not stored.
    tail: Vec<u8>,
}

/// The upload stands somewhere else.
pub(super) fn wrong_offset(received: i64) -> Problem {
    let detail = format!("The upload stands at {received} bytes; go on from there.");
    Problem::new(Kind::WrongOffset, detail)
}

impl<'a> Appending<'a> {
    pub(super) fn start(api: &'a Api, upload: &'a Upload, order: &StoredOrder) -> Result<Self, Problem> {
        let key = api.data_key(order)?.decrypt(upload.id.as_bytes(), &upload.key)?;
        let key = DataKey::from_bytes(&key)
            .ok_or_else(|| Problem::new(Kind::Internal, "The upload cannot be read; the operator has been told."))?;
        Ok(Self { api, upload, key, received: upload.received_bytes, stored: Vec::new(), tail: Vec::new() })
    }

    /// Takes the whole body; answers where the upload stands then, and the order if the file became its material.
    ///
    /// Without a checksum what arrives counts as soon as a part is full; with one, nothing counts before it agrees.
    pub(super) async fn run(
        mut self,
        caller: &Caller,
        order: StoredOrder,
        body: Body,
        mut checksum: Option<Checksum>,
    ) -> Result<(i64, Option<StoredOrder>), Problem> {
        let taken = self.take(body, &mut checksum).await;
        let is_right = checksum.is_none_or(|checksum| taken.is_err() || checksum.agrees());
        if !is_right {
            self.discard().await;
            let detail = "What arrived is not what was sent: send these bytes again.";
            return Err(Problem::new(Kind::WrongChecksum, detail));
        }
        if let Err(problem) = taken {
            self.discard().await;
            return Err(problem);
        }
        if self.end() < self.upload.length_bytes {
            self.keep_tail().await?;
            self.commit().await?;
            return Ok((self.received, None));
        }
        let order = self.finish(caller, order).await?;
        Ok((self.upload.length_bytes, Some(order)))
    }

    /// Where the file ends with all that has arrived.
    fn end(&self) -> i64 {
        let length = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
        let stored: i64 = self.stored.iter().map(|part| i64::from(part.size_bytes)).sum();
        self.received + stored + length(self.tail.len())
    }

    async fn take(&mut self, body: Body, checksum: &mut Option<Checksum>) -> Result<(), Problem> {
        let part_bytes = self.api.config.materials.uploads.part_bytes.max(1);
        let mut stream = body.into_data_stream();
        while let Some(chunk) = stream.next().await {
            let Ok(chunk) = chunk else {
                if checksum.is_none() && self.end() < self.upload.length_bytes {
                    self.keep_tail().await?;
                    self.commit().await?;
                }
                return Err(Problem::new(Kind::BadBody, "The connection broke. Ask with HEAD where to go on."));
            };
            if let Some(checksum) = checksum {
                checksum.update(&chunk);
            }
            self.tail.extend_from_slice(&chunk);
            if self.end() > self.upload.length_bytes {
                let detail = format!("The upload was created with {} bytes; send no more.", self.upload.length_bytes);
                return Err(Problem::new(Kind::TooLarge, detail));
            }
            // What completes the file stays in the tail: it counts only as a material.
            while self.tail.len() > part_bytes
                || (self.tail.len() == part_bytes && self.end() < self.upload.length_bytes)
            {
                let rest = self.tail.split_off(part_bytes);
                self.keep_tail().await?;
                self.tail = rest;
                if checksum.is_none() {
                    self.commit().await?;
                }
            }
        }
        Ok(())
    }

    async fn keep_tail(&mut self) -> Result<(), Problem> {
        if !self.tail.is_empty() {
            let start = self.end() - i64::try_from(self.tail.len()).unwrap_or(i64::MAX);
            let part = self.upload.keep(&self.api.materials, &self.key, start, &self.tail).await?;
            self.tail.clear();
            self.stored.push(part);
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Problem> {
        let pool = &self.api.bus.context().pool;
        let appended = match uploads::append(pool, self.upload.id, self.received, &self.stored).await {
            Ok(appended) => appended,
            Err(error) => {
                // Perhaps they count: what does not is removed with the upload.
                self.stored.clear();
                return Err(error.into());
            }
        };
        match appended {
            Some(received) => {
                self.received = received;
                self.stored.clear();
                Ok(())
            }
            None => {
                self.discard().await;
                let now = uploads::find(pool, self.upload.id).await?;
                Err(wrong_offset(now.map_or(0, |upload| upload.received_bytes)))
            }
        }
    }

    /// Removes what was stored and does not count.
    async fn discard(&mut self) {
        for part in self.stored.drain(..) {
            if let Err(error) = self.api.materials.delete(&part.object).await {
                tracing::warn!(%error, "a part of an upload is left until the upload is over");
            }
        }
        self.tail.clear();
    }

    /// The file is whole: it becomes a material as any other does. When it is refused, nothing of it is kept.
    async fn finish(&mut self, caller: &Caller, order: StoredOrder) -> Result<StoredOrder, Problem> {
        let _room = self.api.inspector.room(usize::try_from(self.upload.length_bytes).unwrap_or(usize::MAX))?;
        let mut parts = uploads::parts(&self.api.bus.context().pool, self.upload.id).await?;
        parts.extend(self.stored.iter().cloned());
        let read = uploads::read(&self.api.materials, &self.key, &parts).await;
        if let Err(error @ (MaterialError::NotFound(_) | MaterialError::Broken(_))) = &read {
            tracing::warn!(%error, upload.id = %self.upload.id, "a part of an upload is lost");
            drop_upload(self.api, self.upload.id).await?;
            return Err(Problem::new(Kind::UploadGone, "A part of it was lost. Create a new upload."));
        }
        let mut bytes = read?;
        bytes.append(&mut self.tail);
        if i64::try_from(bytes.len()).ok() != Some(self.upload.length_bytes) {
            self.discard().await;
            return Err(Problem::new(
                Kind::Unavailable,
                "Somebody else uploads the same file. Ask with HEAD where to go on.",
            ));
        }
        let declared = Some(self.upload.media_type.clone()).filter(|media_type| !media_type.is_empty());
        let arrival = Arrival {
            kind: self.upload.kind.clone(),
            service_index: self.upload.service_index,
            declared,
            bytes: Bytes::from(bytes),
            upload: Some(self.upload.id),
        };
        match self.api.put_material(caller, order, arrival).await {
            Ok(order) => {
                if let Err(error) = self.api.materials.delete_all(&uploads::folder(self.upload.id)).await {
                    tracing::warn!(%error, "parts of a complete upload are left until it is over");
                }
                Ok(order)
            }
            Err(problem) if problem.is_transient() => {
                self.discard().await;
                Err(problem)
            }
            Err(problem) => {
                drop_upload(self.api, self.upload.id).await?;
                Err(problem)
            }
        }
    }
}
