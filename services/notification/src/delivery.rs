//! A message to one person over one channel, as it waits in the job table: the contact and own words stay sealed.

use icp_bus::{Effects, Job, JobError};
use icp_kit::Keyring;
use icp_proto::common::{Contact, Sealed};
use prost::Message as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::channel::Channel;
use crate::notice::{Notice, Values};
use crate::store;

/// Payload of a job of kind `notify.mail` or `notify.sms`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DeliveryJob {
    /// Also the reference at the gateway and the left part of the Message-ID.
    #[prost(string, tag = "1")]
    pub delivery_id: String,
    /// The order.
    #[prost(string, tag = "2")]
    pub order_id: String,
    /// Name of the notice.
    #[prost(string, tag = "3")]
    pub notice: String,
    /// Who gets it, sealed for this service.
    #[prost(message, optional, tag = "4")]
    pub contact: Option<Sealed>,
    /// [`Values`] as JSON.
    #[prost(string, tag = "5")]
    pub values_json: String,
    /// `OwnWords` of whoever returned the order, sealed for this service.
    #[prost(message, optional, tag = "6")]
    pub words: Option<Sealed>,
}

/// A job read and opened.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Id of the delivery.
    pub id: Uuid,
    /// The order.
    pub order_id: Uuid,
    /// What is told.
    pub notice: Notice,
    /// Values of the template.
    values: Values,
    /// Who gets it.
    contact: Sealed,
    /// Own words of whoever returned the order.
    words: Option<Sealed>,
}

impl Delivery {
    /// Reads a job. A job that cannot be read is given up.
    pub fn read(job: &Job) -> Result<Self, JobError> {
        let unreadable = |what: &str| JobError::GiveUp(format!("job payload: {what} is not readable"));
        let message = DeliveryJob::decode(job.payload.as_slice()).map_err(|_| unreadable("the message"))?;
        Ok(Self {
            id: Uuid::parse_str(&message.delivery_id).map_err(|_| unreadable("delivery_id"))?,
            order_id: Uuid::parse_str(&message.order_id).map_err(|_| unreadable("order_id"))?,
            notice: Notice::parse(&message.notice).ok_or_else(|| unreadable("notice"))?,
            values: serde_json::from_str(&message.values_json).map_err(|_| unreadable("values"))?,
            contact: message.contact.ok_or_else(|| unreadable("contact"))?,
            words: message.words,
        })
    }

    /// What the template is filled with, own words opened.
    pub fn values(&self, keyring: &Keyring) -> Result<Values, JobError> {
        let Some(words) = &self.words else { return Ok(self.values.clone()) };
        let own = keyring
            .open(words, &self.order_id.to_string())
            .map_err(|error| JobError::GiveUp(format!("own words: {error}")))?;
        Ok(self.values.clone().in_own_words(&own))
    }

    /// Opens the contact.
    pub fn contact(&self, keyring: &Keyring) -> Result<Contact, JobError> {
        keyring
            .open(&self.contact, &self.order_id.to_string())
            .map_err(|error| JobError::GiveUp(format!("contact: {error}")))
    }
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server or gateway has taken it, now or at an earlier attempt.
    Sent {
        /// Its id there, if it gave one.
        gateway_id: Option<String>,
    },
    /// The contact has no address for this channel.
    NoAddress,
}

/// A delivery with its end.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Id of the delivery.
    pub id: Uuid,
    /// The order.
    pub order_id: Uuid,
    /// What was told.
    pub notice: Notice,
    /// How it ended.
    pub outcome: Outcome,
}

impl Settled {
    /// A delivery ended like this.
    pub fn new(delivery: &Delivery, outcome: Outcome) -> Self {
        Self { id: delivery.id, order_id: delivery.order_id, notice: delivery.notice, outcome }
    }
}

/// Records how deliveries of a channel ended, with a journal line for each.
pub async fn record(
    connection: &mut PgConnection,
    channel: Channel,
    answered: &[(Job, Settled)],
    now: chrono::DateTime<chrono::Utc>,
    effects: &mut Effects,
) -> Result<(), sqlx::Error> {
    let ends: Vec<store::End<'_>> = answered.iter().map(|(_, settled)| store::End::of(settled)).collect();
    let changed = store::settle(connection, &ends, now).await?;
    for (job, settled) in answered {
        if !changed.contains(&settled.id) {
            continue;
        }
        effects.set_cause(job.traceparent.clone());
        let (name, notice) = (channel.as_str(), settled.notice.as_str());
        match settled.outcome {
            Outcome::Sent { .. } => {
                effects.journal(settled.order_id, format!("{name} sent: {notice}"), recipient(settled.notice));
            }
            Outcome::NoAddress => effects.journal(
                settled.order_id,
                format!("{name} not sent: {notice}"),
                "the contact has no address for it",
            ),
        }
    }
    Ok(())
}

/// Records that a delivery was given up.
pub async fn record_failure(
    connection: &mut PgConnection,
    channel: Channel,
    job: &Job,
    reason: &str,
    now: chrono::DateTime<chrono::Utc>,
    effects: &mut Effects,
) -> Result<(), sqlx::Error> {
    let Ok(delivery) = Delivery::read(job) else {
        return Ok(());
    };
    let end = store::End { id: delivery.id, state: "failed", gateway_id: None, reason: Some(reason) };
    if store::settle(connection, &[end], now).await?.contains(&delivery.id) {
        let what = format!("{} given up: {}", channel.as_str(), delivery.notice.as_str());
        effects.journal(delivery.order_id, what, reason);
    }
    Ok(())
}

/// Who is told, in the journal's words.
fn recipient(notice: Notice) -> &'static str {
    match notice {
        Notice::ConsentAsked => "to the holder of the record",
        notice if notice < Notice::WindowOpened => "to the applicant",
        _ => "to a person in charge",
    }
}
