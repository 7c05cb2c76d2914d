//! Writes the record of a submission: opens the sealed filing, reads and fits its pictures, checks all
//! ranges, and stores the record encrypted. What the bureau would refuse is rejected here at once.

use async_trait::async_trait;
use chrono::Utc;
use icp_bus::{Effects, Job, JobError, Worker};
use icp_kit::DataKey;
use icp_kit::materials::MaterialError;
use icp_proto::{common, relay};
use prost::Message as _;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::{Relay, Relays};
use crate::expectation;
use crate::filing::{FilingIds, RelayFiling};
use crate::record::{PictureRef, Record};
use crate::results;
use crate::store::{self, OrderRef, PreparedRecord, Stored};
use crate::submission::{self, Picture};
use crate::wire::download::ResultCode;
use crate::wire::{check, upload};

/// Kind of the jobs.
pub const KIND: &str = "relay.prepare";

/// See the module.
pub struct Preparer {
    /// The accounts.
    pub relays: Relays,
}

/// What became of a submission.
pub enum Prepared {
    /// It was prepared before.
    Already,
    /// Its record.
    Record(i64, OrderRef, Box<PreparedRecord>),
    /// The bureau would refuse it.
    Refused(i64, OrderRef, Vec<ResultCode>),
}

#[async_trait]
impl Worker for Preparer {
    type Answer = Prepared;

    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> Result<Prepared, JobError> {
        let id: [u8; 8] =
            job.payload.as_slice().try_into().map_err(|_| JobError::GiveUp("the job has no id".into()))?;
        let id = i64::from_be_bytes(id);
        let pool = &self.relays.main().bus.context().pool;
        let Some((order, account, sealed)) = store::unprepared(pool, id).await.map_err(retry)? else {
            return Ok(Prepared::Already);
        };
        let relay = self.relays.named(&account);
        let relay = relay.ok_or_else(|| retry(format!("account `{account}` is not configured")))?;
        let sealed = common::Sealed::decode(sealed.as_slice()).map_err(give_up)?;
        let message: relay::RelayFiling = relay.keyring.open(&sealed, &order.order_id.to_string()).map_err(give_up)?;
        let (pictures, originals) = relay.pictures(&message).await?;
        let interface = relay.config.dialect.interface;
        let built = tokio::task::spawn_blocking(move || submission::build(interface, &message, pictures));
        let filing = match built.await.map_err(retry)? {
            Ok(filing) => filing,
            Err(refusals) => return Ok(Prepared::Refused(id, order, refusals)),
        };
        relay.record(id, order, &filing, originals).await
    }

    async fn complete(
        &self,
        connection: &mut PgConnection,
        answered: &[(Job, Prepared)],
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        let records: Vec<(i64, &PreparedRecord)> = answered
            .iter()
            .filter_map(|(_, answer)| match answer {
                Prepared::Record(id, _, record) => Some((*id, record.as_ref())),
                Prepared::Already | Prepared::Refused(..) => None,
            })
            .collect();
        // Waiting is measured by the machine's clock: it ends with a call to the outside.
        let mut stored = store::store_records(connection, &records, Utc::now()).await?.into_iter();
        let mut refused = Vec::new();
        for (job, answer) in answered {
            effects.set_cause(job.traceparent.clone());
            match answer {
                Prepared::Already => {}
                Prepared::Record(id, order, record) => match stored.next() {
                    Some(Stored::Waits) => {
                        let kilobytes = record.record_bytes / 1024;
                        let why = format!("record of {kilobytes} KB, checked against the interface's ranges");
                        effects.journal(order.order_id, "waits for an upload", why);
                    }
                    Some(Stored::Occupied) => refused.push((*id, order, vec![submission::in_flight()])),
                    // Perhaps withdrawn meanwhile: then its pictures go as after every end.
                    Some(Stored::Already) | None => {
                        store::leave_objects(connection, *id, &record.own_objects).await?;
                    }
                },
                Prepared::Refused(id, order, results) => refused.push((*id, order, results.clone())),
            }
        }
        let relay = self.relays.main();
        results::refuse(connection, &refused, &relay.keyring, relay.bus.context().clock.now(), effects).await?;
        for relay in self.relays.iter() {
            relay.wake.notify_one();
        }
        Ok(())
    }
}

impl Relay {
    /// The pictures with where they lie.
    async fn pictures(&self, message: &relay::RelayFiling) -> Result<(Vec<Picture>, Vec<PictureRef>), JobError> {
        let (mut pictures, mut originals) = (Vec::new(), Vec::new());
        for (kind, material) in submission::wanted_materials(message) {
            let read = self.materials.get(&material.object, &material.key).await;
            let bytes = read.map_err(|error| match error {
                MaterialError::Broken(_) => give_up(error),
                MaterialError::Store(_) | MaterialError::NotFound(_) => retry(error),
            })?;
            if Sha256::digest(&bytes).as_slice() != material.sha256 {
                return Err(JobError::GiveUp(format!("material {} has another digest", kind.as_str())));
            }
            let service_index = usize::try_from(material.service_index).unwrap_or(usize::MAX);
            pictures.push(Picture { kind, service_index, bytes });
            originals.push(PictureRef {
                object: material.object.clone(),
                key: material.key.clone(),
                sha256: material.sha256.clone(),
            });
        }
        Ok((pictures, originals))
    }

    async fn record(
        &self,
        id: i64,
        order: OrderRef,
        filing: &RelayFiling,
        originals: Vec<PictureRef>,
    ) -> Result<Prepared, JobError> {
        let pool = &self.bus.context().pool;
        let dialect = &self.config.dialect;
        let violations = check::validate(dialect, filing);
        if !violations.is_empty() {
            return Ok(Prepared::Refused(id, order, submission::refusals_of(&violations)));
        }
        let known = store::known_ids(pool, self.account(), filing).await.map_err(retry)?;
        let unknown = expectation::unknown_parts(dialect.interface, filing, &known);
        if !unknown.is_empty() {
            return Ok(Prepared::Refused(id, order, submission::refusals_of_unknown(&unknown)));
        }
        let taken = store::take_isp_ids(pool, filing.ids_needed()).await.map_err(retry)?;
        let ids = FilingIds::assign(filing, &taken, &known)
            .ok_or_else(|| JobError::Retry("too few ids were taken".into()))?;
        let outline = match upload::write_outline(dialect, &ids, filing) {
            Ok(outline) => outline,
            Err(violations) => {
                return Ok(Prepared::Refused(id, order, submission::refusals_of(&violations)));
            }
        };
        let record_bytes = i32::try_from(upload::record_bytes(&outline.text, filing)).unwrap_or(i32::MAX);
        let records = i32::try_from(outline.records).unwrap_or(i32::MAX);
        let expected = expectation::expect(dialect.interface, filing, &ids);
        let (pictures, own_objects) = self.keep_fitted(&order, filing, originals).await?;
        let clear =
            serde_json::to_vec(&Record { block: outline.block, outline: outline.text, pictures }).map_err(give_up)?;
        let context = order.cipher_context();
        let key = DataKey::generate();
        let wrapped_key = self.vault.wrap(&key, context.as_bytes()).map_err(retry)?;
        let record_cipher = key.encrypt(context.as_bytes(), &clear).map_err(retry)?;
        let prepared = PreparedRecord { ids, expected, records, wrapped_key, record_cipher, record_bytes, own_objects };
        Ok(Prepared::Record(id, order, Box::new(prepared)))
    }

    /// Puts pictures that had to be made smaller into the object store; the others are there already.
    async fn keep_fitted(
        &self,
        order: &OrderRef,
        filing: &RelayFiling,
        originals: Vec<PictureRef>,
    ) -> Result<(Vec<PictureRef>, Vec<String>), JobError> {
        if originals.len() != filing.attachments.len() {
            return Err(JobError::GiveUp("a picture has no place in the record".to_owned()));
        }
        let (mut pictures, mut own_objects) = (Vec::with_capacity(originals.len()), Vec::new());
        for (index, (attachment, original)) in filing.attachments.iter().zip(originals).enumerate() {
            if Sha256::digest(&attachment.jpeg).as_slice() == original.sha256 {
                pictures.push(original);
                continue;
            }
            // The same name at every attempt of the job, so that a crash leaves nothing behind.
            let object = format!("relay/{}/{}-{index}", order.order_id, order.attempt);
            let stored = self.materials.put(&object, &attachment.jpeg).await.map_err(retry)?;
            own_objects.push(object);
            pictures.push(PictureRef {
                object: stored.object,
                key: stored.key.expose().to_vec(),
                sha256: stored.sha256.to_vec(),
            });
        }
        Ok((pictures, own_objects))
    }
}

fn retry(error: impl std::fmt::Display) -> JobError {
    JobError::Retry(error.to_string())
}

fn give_up(error: impl std::fmt::Display) -> JobError {
    JobError::GiveUp(error.to_string())
}
