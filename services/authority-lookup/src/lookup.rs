//! The job `authority.lookup`: asks what is not yet known, side by side, compares, and records the result.
//!
//! As long as a register is silent, nothing is said about the order; the answers of the others are kept, so that a
//! repetition asks only what is missing. After the configured attempts the order goes on with a finding for the
//! reviewer.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use futures::future::join_all;
use icp_bus::{Effects, Job, JobError, Outgoing, Worker};
use icp_kit::{ServiceContext, Vault};
use icp_proto::authority::{Answer as AnswerMessage, Answered, Lookup, LookupSubject};
use icp_proto::common::Sealed;
use prost::Message as _;
use sqlx::PgConnection;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::answer::Given;
use crate::catalogue;
use crate::client::AuthorityClient;
use crate::compare::{self, Limits};
use crate::config::Config;
use crate::question::{Question, Questions};
use crate::report::{self, Report};
use crate::store::{self, QuestionKey, SubmissionKey};

pub(crate) const JOB_KIND: &str = "authority.lookup";
/// Who may read what the register of enterprises says of an organiser.
pub(crate) const RECORD_FOR: &str = "intake";
const BEIJING_OFFSET_SECONDS: i32 = 8 * 3600;

/// A job names its submission: 16 bytes of order id, 4 bytes of attempt.
pub(crate) fn job_payload((order_id, attempt): SubmissionKey) -> Vec<u8> {
    [order_id.as_bytes().as_slice(), &attempt.to_be_bytes()].concat()
}

fn submission_key(payload: &[u8]) -> Option<SubmissionKey> {
    let (order_id, attempt) = payload.split_first_chunk::<16>()?;
    Some((Uuid::from_bytes(*order_id), i32::from_be_bytes(attempt.try_into().ok()?)))
}

/// The worker of these jobs.
pub(crate) struct LookupWorker(pub(crate) Arc<Registers>);

/// What a look-up works with.
pub(crate) struct Registers {
    pub(crate) context: ServiceContext,
    pub(crate) vault: Vault,
    pub(crate) client: AuthorityClient,
    pub(crate) config: Config,
}

/// A look-up that is done but not yet recorded.
pub(crate) struct Done {
    key: SubmissionKey,
    province: String,
    report: Report,
    new_answers: Vec<(QuestionKey, Given)>,
}

#[async_trait]
impl Worker for LookupWorker {
    type Answer = Done;

    fn kind(&self) -> &'static str {
        JOB_KIND
    }

    async fn run(&self, job: &Job) -> Result<Done, JobError> {
        // A task of its own goes on while other answers are being recorded, so that no job keeps a connection, or
        // a register's answer, waiting for that.
        let (registers, job) = (self.0.clone(), job.clone());
        let task = tokio::spawn(async move { registers.look_up(&job).await }.in_current_span());
        AbortOnDropHandle::new(task).await.unwrap_or_else(|error| Err(JobError::Retry(error.to_string())))
    }

    async fn complete(
        &self,
        connection: &mut PgConnection,
        answered: &[(Job, Done)],
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        let stored: Vec<store::Answered<'_>> = answered
            .iter()
            .map(|(_, done)| store::Answered {
                key: done.key,
                outcome: done.report.outcome(),
                results: &done.report.results,
            })
            .collect();
        store::record_results(connection, &stored, self.0.context.clock.now()).await?;
        let new_answers = answered.iter().flat_map(|(_, done)| &done.new_answers);
        store::keep_answers(connection, &self.0.vault, new_answers).await?;
        for (job, done) in answered {
            effects.set_cause(job.traceparent.clone());
            let (what, why) = done.report.journal_line();
            effects.journal(done.key.0, what, why);
            effects.send(event(done.key, &done.province, &done.report));
        }
        Ok(())
    }

    /// The order must not wait for what will never come: it goes on with a finding for the reviewer.
    async fn given_up(
        &self,
        connection: &mut PgConnection,
        job: &Job,
        _reason: &str,
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        let Some(key) = submission_key(&job.payload) else { return Ok(()) };
        let closed = store::close_unanswered(connection, key, self.0.context.clock.now()).await?;
        if let Some(province) = closed {
            let mut report = Report::default();
            report.add(&catalogue::LOOKUP_FAILED, "organiser");
            effects.set_cause(job.traceparent.clone());
            effects.journal(
                key.0,
                "registers not asked",
                "the look-up could not be done; a reviewer must compare by hand",
            );
            effects.send(event(key, &province, &report));
        }
        Ok(())
    }
}

impl Registers {
    async fn look_up(&self, job: &Job) -> Result<Done, JobError> {
        let key = submission_key(&job.payload).ok_or_else(|| JobError::GiveUp("the job names no submission".into()))?;
        let (task, received_at) = store::task(&self.context.pool, key).await.map_err(retry)?;
        let task = Lookup::decode(task.as_slice()).map_err(|error| JobError::GiveUp(error.to_string()))?;
        let subject: LookupSubject = self
            .context
            .keyring
            .open(&task.subject.unwrap_or_default(), &task.order_id)
            .map_err(|error| JobError::GiveUp(format!("the subject cannot be opened: {error}")))?;
        let limits = self.limits();
        let questions = Questions::of(&subject);
        let keys: Vec<QuestionKey> = questions
            .asked
            .iter()
            .map(|question| (question.query.authority(), question.query.blind_index(&self.vault)))
            .collect();

        let mut answers = self.known(&subject, &questions.asked, &keys, received_at, &limits).await?;
        let (new_answers, silences) = self.ask_missing(&questions.asked, &keys, &mut answers).await;
        if !silences.is_empty() {
            let reason = silences.join("; ");
            if job.attempts < self.context.common.jobs.max_attempts {
                self.keep(&new_answers).await.map_err(retry)?;
                return Err(JobError::Retry(reason));
            }
            tracing::error!(order.id = %key.0, reason, "registers stayed silent; a reviewer must decide without them");
        }
        let pairs: Vec<(&Question, Option<&Given>)> =
            questions.asked.iter().zip(answers.iter().map(Option::as_ref)).collect();
        let mut report = compare::judge(&subject, &pairs, &questions.unanswerable, &limits);
        if let Some(facts) = &mut report.enterprise {
            facts.record = self.sealed_record(key.0, &pairs);
        }
        Ok(Done { key, province: task.province, report, new_answers })
    }

    /// What the register of enterprises says of the organiser. The key is there since the start; if it fails all the
    /// same, the facts are told without it.
    fn sealed_record(&self, order_id: Uuid, answers: &[(&Question, Option<&Given>)]) -> Option<Sealed> {
        let record =
            answers.iter().find_map(|(question, given)| report::enterprise_record(question, &(*given)?.answer))?;
        let sealed = self.context.keyring.seal(RECORD_FOR, &order_id.to_string(), &record);
        sealed.inspect_err(|error| tracing::error!(%error, order.id = %order_id, "the record is not told")).ok()
    }

    fn limits(&self) -> Limits {
        let now = self.context.clock.now();
        let today = FixedOffset::east_opt(BEIJING_OFFSET_SECONDS)
            .map_or(now.date_naive(), |beijing| now.with_timezone(&beijing).date_naive());
        Limits { today, least_domain_months_left: self.config.least_domain_months_left }
    }

    /// What is known already: any answer given to this submission, and fresh answers that find nothing wrong. An
    /// applicant who mended something must not meet the old answer.
    async fn known(
        &self,
        subject: &LookupSubject,
        questions: &[Question],
        keys: &[QuestionKey],
        received_at: DateTime<Utc>,
        limits: &Limits,
    ) -> Result<Vec<Option<Given>>, JobError> {
        let now = self.context.clock.now();
        let since: Vec<(QuestionKey, DateTime<Utc>)> = keys
            .iter()
            .map(|key| {
                let fresh = TimeDelta::hours(i64::from(self.config.fresh_hours(key.0)));
                (key.clone(), received_at.min(now - fresh))
            })
            .collect();
        let mut known = store::known_answers(&self.context.pool, &self.vault, &since).await.map_err(retry)?;
        let usable = |question: &Question, given: &Given| {
            given.asked_at >= received_at || compare::is_favourable(subject, question, &given.answer, limits)
        };
        Ok(questions
            .iter()
            .zip(keys)
            .map(|(question, key)| known.remove(key).filter(|given| usable(question, given)))
            .collect())
    }

    /// Asks what is missing, side by side, and fills it in; tells the new answers and who stayed silent.
    async fn ask_missing(
        &self,
        questions: &[Question],
        keys: &[QuestionKey],
        answers: &mut [Option<Given>],
    ) -> (Vec<(QuestionKey, Given)>, Vec<String>) {
        let missing = questions.iter().zip(keys).zip(answers.iter_mut()).filter(|(_, answer)| answer.is_none());
        let asking =
            missing.map(|((question, key), place)| async move { (key, place, self.client.ask(&question.query).await) });
        let (mut new_answers, mut silences) = (Vec::new(), Vec::new());
        for (key, place, result) in join_all(asking).await {
            match result {
                Ok(answer) => {
                    let given = Given { answer, asked_at: self.context.clock.now() };
                    new_answers.push((key.clone(), given.clone()));
                    *place = Some(given);
                }
                Err(error) => silences.push(error.to_string()),
            }
        }
        (new_answers, silences)
    }

    async fn keep(&self, new_answers: &[(QuestionKey, Given)]) -> Result<(), sqlx::Error> {
        let mut connection = self.context.pool.acquire().await?;
        store::keep_answers(&mut connection, &self.vault, new_answers.iter()).await
    }
}

fn event((order_id, attempt): SubmissionKey, province: &str, report: &Report) -> Outgoing {
    let answers = report.results.iter().map(|result| AnswerMessage {
        authority: result.authority.as_str().to_owned(),
        field: result.field.clone(),
        result: result.verdict.as_str().to_owned(),
        reference: result.reference.clone(),
    });
    let message = Answered {
        order_id: order_id.to_string(),
        attempt: attempt.unsigned_abs(),
        answers: answers.collect(),
        findings: report.findings.clone(),
        enterprise: report.enterprise.clone(),
        domains: report.domains.clone(),
    };
    Outgoing::event("authority", "answered", province, order_id, &message)
}

fn retry(error: sqlx::Error) -> JobError {
    JobError::Retry(error.to_string())
}
