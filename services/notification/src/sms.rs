//! SMS over the provider's HTTP gateway.
//!
//! `POST <url>/sms/send` with a bearer key and `{"to", "text", "reference"}`; the answer is `{"message_id", "status"}`.
//! The gateway sends a reference once, so an unknown answer is repeated with the same reference.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use icp_bus::{Effects, Job, JobError, Worker};
use icp_kit::answer::{self, AnswerError};
use icp_kit::{Sensitive, ServiceContext};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::channel::Channel;
use crate::config::{ConfigError, SmsSection, read_secret};
use crate::delivery::{self, Delivery, Outcome, Settled};
use crate::wording::Wording;

/// Largest answer that is read, bytes.
const ANSWER_MAX_BYTES: usize = 64 << 10;

/// Talks to the gateway.
pub struct Gateway {
    client: reqwest::Client,
    url: String,
    key: Sensitive<String>,
    connections: Semaphore,
}

#[derive(Serialize)]
struct Request<'a> {
    to: &'a str,
    text: &'a str,
    reference: Uuid,
}

#[derive(Deserialize)]
struct Answer {
    message_id: String,
}

impl Gateway {
    /// A client of the configured gateway.
    pub fn new(config: &SmsSection) -> Result<Self, ConfigError> {
        if config.url.is_empty() {
            return Err(ConfigError::Missing { key: "notify.sms.url", variable: "ICP_NOTIFY__NOTIFY__SMS__URL" });
        }
        let key = match (config.key.expose().is_empty(), config.key_file.as_os_str().is_empty()) {
            (false, _) => config.key.clone(),
            (true, false) => read_secret("notify.sms.key_file", &config.key_file)?,
            (true, true) => {
                return Err(ConfigError::Missing { key: "notify.sms.key", variable: "ICP_NOTIFY__NOTIFY__SMS__KEY" });
            }
        };
        let client = reqwest::Client::builder()
            // Numbers and texts go to the configured gateway and to nobody else.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_millis(config.timeout_ms))
            .pool_max_idle_per_host(config.connections.max(1))
            .build()
            .map_err(|error| ConfigError::unusable("notify.sms", error))?;
        Ok(Self {
            client,
            url: format!("{}/sms/send", config.url.trim_end_matches('/')),
            key,
            connections: Semaphore::new(config.connections.max(1)),
        })
    }

    async fn send(&self, reference: Uuid, to: &str, text: &str) -> Result<Outcome, JobError> {
        let _permit = self.connections.acquire().await.map_err(|_| JobError::Retry("the service stops".to_owned()))?;
        let response = self
            .client
            .post(&self.url)
            .bearer_auth(self.key.expose())
            .json(&Request { to, text, reference })
            .send()
            .await
            .map_err(|error| unknown(&error))?;
        let status = response.status();
        // Of a refusal the status says all.
        let body = match status.is_success() {
            true => answer::bytes(response, ANSWER_MAX_BYTES).await.map_err(|error| unread(&error))?,
            false => Vec::new(),
        };
        outcome(status.as_u16(), &body)
    }
}

/// What the gateway's answer means for a delivery.
pub fn outcome(status: u16, body: &[u8]) -> Result<Outcome, JobError> {
    match verdict(status) {
        Verdict::Taken => {
            let answer: Answer =
                serde_json::from_slice(body).map_err(|error| unread(&AnswerError::Malformed(error)))?;
            // It is stored.
            let gateway_id = Some(answer.message_id).filter(|id| !id.contains(char::is_control));
            Ok(Outcome::Sent { gateway_id })
        }
        Verdict::TakenBefore => Ok(Outcome::Sent { gateway_id: None }),
        Verdict::Later => Err(JobError::Retry(format!("the SMS gateway answered {status}"))),
        Verdict::Never => Err(JobError::GiveUp(format!("the SMS gateway refused it with {status}"))),
    }
}

/// What a status means for the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Taken,
    TakenBefore,
    Later,
    Never,
}

fn verdict(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Taken,
        // The reference was sent with other words, before a change of the templates: the person has it.
        409 => Verdict::TakenBefore,
        // A wrong key or path is mended by an operator; the message waits for it.
        401 | 403 | 404 | 408 | 425 | 429 => Verdict::Later,
        400..=499 => Verdict::Never,
        _ => Verdict::Later,
    }
}

/// The gateway may or may not have taken the message.
fn unknown(error: &reqwest::Error) -> JobError {
    let what = if error.is_timeout() { "did not answer in time" } else { "could not be reached" };
    JobError::Retry(format!("the SMS gateway {what}"))
}

/// It has taken the message, as far as can be told.
fn unread(error: &AnswerError) -> JobError {
    match error {
        AnswerError::BrokenOff(error) => unknown(error),
        // Its words are not repeated: they may hold the number.
        AnswerError::TooLarge(_) | AnswerError::Malformed(_) => {
            JobError::Retry("the SMS gateway could not be understood".to_owned())
        }
    }
}

/// Does the jobs `notify.sms`.
pub struct SmsWorker {
    context: ServiceContext,
    wording: Arc<Wording>,
    gateway: Gateway,
}

impl SmsWorker {
    /// A worker that sends over this gateway.
    pub fn new(context: ServiceContext, wording: Arc<Wording>, gateway: Gateway) -> Self {
        Self { context, wording, gateway }
    }
}

#[async_trait]
impl Worker for SmsWorker {
    type Answer = Settled;

    fn kind(&self) -> &'static str {
        Channel::Sms.job_kind()
    }

    async fn run(&self, job: &Job) -> Result<Settled, JobError> {
        let delivery = Delivery::read(job)?;
        let contact = delivery.contact(&self.context.keyring)?;
        let mobile = contact.mobile.trim();
        if mobile.is_empty() {
            return Ok(Settled::new(&delivery, Outcome::NoAddress));
        }
        let text = self
            .wording
            .sms(delivery.notice, &contact.name, &delivery.values(&self.context.keyring)?)
            .map_err(|_| JobError::GiveUp("the SMS's template failed".to_owned()))?;
        let outcome = self.gateway.send(delivery.id, mobile, &text).await?;
        Ok(Settled::new(&delivery, outcome))
    }

    async fn complete(
        &self,
        connection: &mut PgConnection,
        answered: &[(Job, Settled)],
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        delivery::record(connection, Channel::Sms, answered, self.context.clock.now(), effects).await
    }

    async fn given_up(
        &self,
        connection: &mut PgConnection,
        job: &Job,
        reason: &str,
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        delivery::record_failure(connection, Channel::Sms, job, reason, self.context.clock.now(), effects).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn each_status_has_its_meaning() {
        for (status, expected) in [
            (200, Verdict::Taken),
            (202, Verdict::Taken),
            (301, Verdict::Later),
            (400, Verdict::Never),
            (401, Verdict::Later),
            (409, Verdict::TakenBefore),
            (422, Verdict::Never),
            (429, Verdict::Later),
            (500, Verdict::Later),
            (503, Verdict::Later),
        ] {
            assert_eq!(verdict(status), expected, "{status}");
        }
    }

    #[test]
    fn only_an_id_that_can_be_stored_is_kept() {
        for (body, kept) in
            [(r#"{"message_id": "m-1", "status": "queued"}"#, Some("m-1")), (r#"{"message_id": "m\u0000"}"#, None)]
        {
            let outcome = outcome(200, body.as_bytes()).unwrap();
            assert_eq!(outcome, Outcome::Sent { gateway_id: kept.map(str::to_owned) }, "{body}");
        }
        assert!(matches!(outcome(200, b"{}"), Err(JobError::Retry(_))));
    }
}
