//! Asks what the ministry has on record (isp_querybeianstatus) and tells the answer as a fact.
//!
//! A question changes nothing at the bureau, so an unknown answer is simply asked for again. After
//! `relay.calls.query_attempts` the code that came last is told instead of an answer.

use async_trait::async_trait;
use icp_bus::{Effects, Job, JobError, Worker};
use icp_proto::{common, relay};
use prost::Message as _;
use sqlx::PgConnection;

use super::Relays;
use super::uploader::chain;
use crate::facts::{self, StatusAnswer};
use crate::store;
use crate::wire::answer::{CodeClass, FiledStatusAnswer, MsgCode};
use crate::wire::dialect::Interface;

/// Kind of the jobs.
pub const KIND: &str = "relay.query";
/// The last kind of certificate that V3.0 can ask about.
const CERTIFICATE_KIND_MAX_V3: u32 = 11;

/// See the module.
pub struct Inquirer {
    /// The accounts.
    pub relays: Relays,
}

/// What is asked: 0 and a domain, or a kind of certificate and its number.
struct Condition {
    kind: u32,
    value: String,
}

impl Condition {
    fn of(message: relay::StatusCondition) -> Option<Self> {
        let asked = match message.certificate {
            _ if !message.domain.trim().is_empty() => Self { kind: 0, value: message.domain.trim().to_owned() },
            Some(certificate) if certificate.kind > 0 => {
                Self { kind: certificate.kind, value: certificate.number.trim().to_owned() }
            }
            _ => return None,
        };
        (!asked.value.is_empty()).then_some(asked)
    }
}

#[async_trait]
impl Worker for Inquirer {
    /// `None`: the question was answered before.
    type Answer = Option<StatusAnswer>;

    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> Result<Option<StatusAnswer>, JobError> {
        let query_id = String::from_utf8_lossy(&job.payload);
        let pool = &self.relays.main().bus.context().pool;
        let opened = store::open_query(pool, &query_id).await.map_err(|error| JobError::Retry(error.to_string()))?;
        let Some((account, sealed)) = opened else { return Ok(None) };
        let relay = self
            .relays
            .named(&account)
            .ok_or_else(|| JobError::Retry(format!("account `{account}` is not configured")))?;
        let give_up = |error: String| JobError::GiveUp(error);
        let sealed = common::Sealed::decode(sealed.as_slice()).map_err(|error| give_up(error.to_string()))?;
        let message: relay::StatusCondition =
            relay.keyring.open(&sealed, &query_id).map_err(|error| give_up(error.to_string()))?;
        let Some(condition) = Condition::of(message) else {
            return Ok(Some(StatusAnswer::unknown("condition: name a domain, or kind and number of a certificate")));
        };
        if relay.config.dialect.interface == Interface::V3_0 && condition.kind > CERTIFICATE_KIND_MAX_V3 {
            let text = "certificate.kind: interface V3.0 asks about kinds 1 to 11 only; ask by domain";
            return Ok(Some(StatusAnswer::unknown(text)));
        }
        let is_last = job.attempts >= relay.config.calls.query_attempts;
        match relay.bureau.status(condition.kind, &condition.value).await {
            Err(error) if is_last => Ok(Some(StatusAnswer::unknown(&chain(&error)))),
            Err(error) => Err(JobError::Retry(chain(&error))),
            Ok(answer) => match settle(answer, is_last) {
                Some(answer) => Ok(Some(answer)),
                None => Err(JobError::Retry("the bureau gives no status now".to_owned())),
            },
        }
    }

    async fn complete(
        &self,
        connection: &mut PgConnection,
        answered: &[(Job, Option<StatusAnswer>)],
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        for (job, answer) in answered {
            if let Some(answer) = answer {
                self.tell(connection, job, answer, effects).await?;
            }
        }
        Ok(())
    }

    async fn given_up(
        &self,
        connection: &mut PgConnection,
        job: &Job,
        reason: &str,
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        self.tell(connection, job, &StatusAnswer::unknown(reason), effects).await
    }
}

impl Inquirer {
    async fn tell(
        &self,
        connection: &mut PgConnection,
        job: &Job,
        answer: &StatusAnswer,
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        let query_id = String::from_utf8_lossy(&job.payload);
        let now = self.relays.main().bus.context().clock.now();
        effects.set_cause(job.traceparent.clone());
        if let Some(province) = store::close_query(connection, &query_id, now).await? {
            effects.send(facts::status_answered(&self.relays.main().keyring, &query_id, &province, answer, now));
        }
        Ok(())
    }
}

/// What to tell about an answer; `None` asks again.
fn settle(answer: FiledStatusAnswer, is_last: bool) -> Option<StatusAnswer> {
    let is_success = answer.status.code.class() == CodeClass::Success;
    if let (true, Some(is_filed)) = (is_success, answer.filed) {
        return Some(StatusAnswer {
            code: MsgCode(0),
            text: answer.status.text,
            is_filed,
            organiser_number: answer.organiser_number,
            service_number: answer.service_number,
        });
    }
    // A wrong account or form does not mend itself by asking again.
    let is_final = matches!(answer.status.code.class(), CodeClass::OperatorAlarm | CodeClass::Bug);
    if !is_final && !is_last {
        return None;
    }
    if is_success {
        return Some(StatusAnswer::unknown("the bureau's answer has no status"));
    }
    Some(StatusAnswer { code: answer.status.code, ..StatusAnswer::unknown(&answer.status.text) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::answer::Status;

    fn answer(code: u16, filed: Option<bool>) -> FiledStatusAnswer {
        FiledStatusAnswer {
            status: Status { code: MsgCode(code), text: "t".into() },
            filed,
            organiser_number: Some("n".into()),
            service_number: None,
        }
    }

    #[test]
    fn only_a_status_is_an_answer_and_the_last_code_is_told() {
        let told = |answer, is_last| settle(answer, is_last).map(|told| (told.code.0, told.is_filed));
        let table = [
            (answer(0, Some(true)), Some((0, true)), Some((0, true))),
            (answer(0, Some(false)), Some((0, false)), Some((0, false))),
            (answer(0, None), None, Some((999, false))),
            (answer(902, None), None, Some((902, false))),
            (answer(999, Some(true)), None, Some((999, false))),
            (answer(5, None), Some((5, false)), Some((5, false))),
        ];
        for (answer, first, last) in table {
            assert_eq!(told(answer.clone(), false), first, "{answer:?}");
            assert_eq!(told(answer, true), last);
        }
    }

    #[test]
    fn a_domain_goes_before_a_certificate_and_nothing_is_no_condition() {
        let certificate =
            |kind, number: &str| common::Certificate { kind, number: number.into(), ..Default::default() };
        let of = |domain: &str, certificate| {
            let condition = relay::StatusCondition { domain: domain.into(), certificate };
            Condition::of(condition).map(|condition| (condition.kind, condition.value))
        };
        assert_eq!(of(" a.cn ", Some(certificate(1, "x"))), Some((0, "a.cn".into())));
        assert_eq!(of("", Some(certificate(2, "x"))), Some((2, "x".into())));
        assert_eq!(of("", Some(certificate(0, "x"))), None, "0 means a domain on the wire");
        assert_eq!(of("", Some(certificate(2, " "))), None);
        assert_eq!(of("", None), None);
    }
}
