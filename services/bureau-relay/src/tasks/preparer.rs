//! Writes the record of a submission: opens the sealed filing, reads and fits its pictures, prints its slips, checks all
//! ranges, and stores the record encrypted. What the bureau would refuse is rejected here at once.

use async_trait::async_trait;
use chrono::Utc;
use icp_bus::{Effects, Job, JobError, Worker};
use icp_domain::MaterialKind;
use icp_kit::materials::MaterialError;
use icp_kit::{DataKey, PressError};
use icp_papers::{Output, PrintJob, Refusal};
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
use crate::submission::{self, Picture, Wanted};
use crate::wire::download::ResultCode;
use crate::wire::{check, upload};

/// Kind of the jobs.
pub const KIND: &str = "relay.prepare";

/// Pictures, and where each comes from.
type Pictures = (Vec<Picture>, Vec<Origin>);

/// Where a picture comes from.
struct Origin {
    /// From which the key is derived under which the relay stores what it makes of it.
    secret: Vec<u8>,
    /// Where it lies, if it was stored before.
    stored: Option<PictureRef>,
}

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

/// Why there is no picture.
enum NoPicture {
    /// The job ends, or is tried again.
    Job(JobError),
    /// The bureau would refuse it.
    Refused(ResultCode),
}

impl From<JobError> for NoPicture {
    fn from(error: JobError) -> Self {
        Self::Job(error)
    }
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
        let (pictures, origins) = match relay.pictures(&message).await {
            Ok(read) => read,
            Err(NoPicture::Job(error)) => return Err(error),
            Err(NoPicture::Refused(result)) => return Ok(Prepared::Refused(id, order, vec![result])),
        };
        let interface = relay.config.dialect.interface;
        let built = tokio::task::spawn_blocking(move || submission::build(interface, &message, pictures));
        let filing = match built.await.map_err(retry)? {
            Ok(filing) => filing,
            Err(refusals) => return Ok(Prepared::Refused(id, order, refusals)),
        };
        relay.record(id, order, filing, origins).await
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
    async fn pictures(&self, message: &relay::RelayFiling) -> Result<Pictures, NoPicture> {
        let (mut pictures, mut origins) = (Vec::new(), Vec::new());
        for wanted in submission::wanted(message) {
            let (bytes, origin) = match wanted {
                Wanted::Material(kind, common::Material { object, key, sha256, .. }) => {
                    let bytes = self.material(kind, object, key, sha256).await?;
                    let stored = PictureRef { object: object.clone(), key: key.clone(), sha256: sha256.clone() };
                    (bytes, Origin { secret: key.clone(), stored: Some(stored) })
                }
                Wanted::Slip(slip) => (self.print(slip).await?, Origin { secret: slip.secret.clone(), stored: None }),
            };
            pictures.extend(wanted.picture(bytes));
            origins.push(origin);
        }
        Ok((pictures, origins))
    }

    async fn material(&self, kind: MaterialKind, object: &str, key: &[u8], sha256: &[u8]) -> Result<Vec<u8>, JobError> {
        let bytes = self.materials.get(object, key).await.map_err(|error| match error {
            MaterialError::Broken(_) => give_up(error),
            MaterialError::Store(_) | MaterialError::NotFound(_) => retry(error),
        })?;
        if Sha256::digest(&bytes).as_slice() != sha256 {
            return Err(JobError::GiveUp(format!("material {} has another digest", kind.as_str())));
        }
        Ok(bytes)
    }

    /// The slip as a picture.
    async fn print(&self, slip: &relay::Slip) -> Result<Vec<u8>, NoPicture> {
        let settings = &self.config.press;
        let paper = serde_json::from_slice(&slip.paper).map_err(give_up)?;
        let output = Output::Jpeg { limit_bytes: check::MAX_SLIP_BYTES };
        let job = PrintJob::new(paper, output, &settings.font_file);
        let press = settings.press();
        let reason = match press.print(&job).await {
            Ok(jpeg) => return Ok(jpeg),
            Err(PressError::Unprintable(reason)) => reason,
            Err(error) => return Err(retry(error).into()),
        };
        match serde_json::from_str(&reason).map_err(give_up)? {
            // Nobody can spell a name otherwise: the operator has to install a font that has it.
            refusal @ Refusal::NoGlyph { .. } => Err(retry(refusal).into()),
            refusal @ Refusal::TooLong { .. } => Err(NoPicture::Refused(submission::unprintable(slip, refusal))),
        }
    }

    async fn record(
        &self,
        id: i64,
        order: OrderRef,
        mut filing: RelayFiling,
        origins: Vec<Origin>,
    ) -> Result<Prepared, JobError> {
        let pool = &self.bus.context().pool;
        let dialect = &self.config.dialect;
        let violations = check::validate(dialect, &filing);
        if !violations.is_empty() {
            return Ok(Prepared::Refused(id, order, submission::refusals_of(&violations)));
        }
        let known = store::known_ids(pool, self.account(), &filing).await.map_err(retry)?;
        let unknown = expectation::unknown_parts(dialect.interface, &filing, &known);
        if !unknown.is_empty() {
            return Ok(Prepared::Refused(id, order, submission::refusals_of_unknown(&unknown)));
        }
        filing.name_as_bureau(&known);
        let taken = store::take_isp_ids(pool, filing.ids_needed()).await.map_err(retry)?;
        let ids = FilingIds::assign(&filing, &taken, &known)
            .ok_or_else(|| JobError::Retry("too few ids were taken".into()))?;
        let outline = match upload::write_outline(dialect, &ids, &filing) {
            Ok(outline) => outline,
            Err(violations) => {
                return Ok(Prepared::Refused(id, order, submission::refusals_of(&violations)));
            }
        };
        let record_bytes = i32::try_from(upload::record_bytes(&outline.text, &filing)).unwrap_or(i32::MAX);
        let records = i32::try_from(outline.records).unwrap_or(i32::MAX);
        let expected = expectation::expect(dialect.interface, &filing, &ids);
        let (pictures, own_objects) = self.keep_own(&order, &filing, origins).await?;
        let clear =
            serde_json::to_vec(&Record { block: outline.block, outline: outline.text, pictures }).map_err(give_up)?;
        let context = order.cipher_context();
        let key = DataKey::generate();
        let wrapped_key = self.vault.wrap(&key, context.as_bytes()).map_err(retry)?;
        let record_cipher = key.encrypt(context.as_bytes(), &clear).map_err(retry)?;
        let prepared = PreparedRecord { ids, expected, records, wrapped_key, record_cipher, record_bytes, own_objects };
        Ok(Prepared::Record(id, order, Box::new(prepared)))
    }

    /// Puts slips, and pictures that had to be made smaller, into the object store; the others are there already.
    async fn keep_own(
        &self,
        order: &OrderRef,
        filing: &RelayFiling,
        origins: Vec<Origin>,
    ) -> Result<(Vec<PictureRef>, Vec<String>), JobError> {
        if origins.len() != filing.attachments.len() {
            return Err(JobError::GiveUp("a picture has no place in the record".to_owned()));
        }
        let (mut pictures, mut own_objects) = (Vec::with_capacity(origins.len()), Vec::new());
        for (index, (attachment, Origin { secret, stored })) in filing.attachments.iter().zip(origins).enumerate() {
            let sha256 = Sha256::digest(&attachment.jpeg).to_vec();
            if let Some(stored) = stored.filter(|stored| stored.sha256 == sha256) {
                pictures.push(stored);
                continue;
            }
            // The same name, key and content at every attempt of the job: a crash leaves nothing behind, and two
            // processes that are at it, because the lease of one ran out, do not spoil each other's picture.
            let object = format!("relay/{}/{}-{index}-{}", order.order_id, order.attempt, hex::encode(&sha256));
            let key = DataKey::derived(&secret, object.as_bytes());
            self.materials.put_with(&object, &key, &attachment.jpeg).await.map_err(retry)?;
            own_objects.push(object.clone());
            pictures.push(PictureRef { object, key: key.expose().to_vec(), sha256 });
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
