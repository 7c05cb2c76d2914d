//! The job `identity.verify`: fetches the materials, lets the engine read them, judges, and records the result.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{FixedOffset, NaiveDate};
use icp_bus::{Effects, Job, JobError, Outgoing, Worker};
use icp_domain::MaterialKind;
use icp_kit::materials::MaterialError;
use icp_kit::{Materials, ServiceContext, Vault};
use icp_proto::common::Material;
use icp_proto::identity::{IdentitySubject, Verified, Verify};
use prost::Message as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::checks::{self, FaceCompared, Limits, Observations, Seen, Sight};
use crate::config::Config;
use crate::engine::{DocumentEngine, DocumentFields, EngineError};
use crate::picture::{self, PictureLimits};
use crate::report::Report;
use crate::store::{self, Evidence, SubmissionKey};

pub(crate) const JOB_KIND: &str = "identity.verify";
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
pub(crate) struct VerifyWorker(pub(crate) Arc<Verifier>);

/// What a verification works with.
pub(crate) struct Verifier {
    pub(crate) context: ServiceContext,
    pub(crate) vault: Vault,
    pub(crate) materials: Materials,
    pub(crate) engine: Arc<dyn DocumentEngine>,
    pub(crate) config: Config,
}

/// A verification that is done but not yet recorded.
pub(crate) struct Done {
    key: SubmissionKey,
    province: String,
    report: Report,
    evidence: Vec<Evidence>,
}

/// What is kept, encrypted, about one picture or comparison.
#[derive(Serialize)]
struct EvidenceContent<'a> {
    engine: &'static str,
    material: &'a str,
    service_index: usize,
    /// SHA-256 of the picture, as its owner uploaded it.
    #[serde(skip_serializing_if = "str::is_empty")]
    sha256: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a DocumentFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    similarity: Option<f32>,
}

#[async_trait]
impl Worker for VerifyWorker {
    type Answer = Done;

    fn kind(&self) -> &'static str {
        JOB_KIND
    }

    async fn run(&self, job: &Job) -> Result<Done, JobError> {
        // A task of its own goes on while other results are being recorded, so that no job keeps a connection
        // waiting for that.
        let (verifier, job) = (self.0.clone(), job.clone());
        let task = tokio::spawn(async move { verifier.verify(&job).await }.in_current_span());
        AbortOnDropHandle::new(task).await.unwrap_or_else(|error| Err(JobError::Retry(error.to_string())))
    }

    async fn complete(
        &self,
        connection: &mut PgConnection,
        answered: &[(Job, Done)],
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        let verified: Vec<store::Verified<'_>> = answered
            .iter()
            .map(|(_, done)| store::Verified {
                key: done.key,
                outcome: done.report.outcome(),
                checks: &done.report.checks,
                evidence: &done.evidence,
            })
            .collect();
        store::record_results(connection, &self.0.vault, &verified, self.0.context.clock.now()).await?;
        for (job, done) in answered {
            let (order_id, attempt) = done.key;
            effects.set_cause(job.traceparent.clone());
            let event = Verified {
                order_id: order_id.to_string(),
                attempt: attempt.unsigned_abs(),
                checks: done.report.checks.clone(),
                findings: done.report.findings.clone(),
            };
            effects.send(Outgoing::event("identity", "verified", &done.province, order_id, &event));
            let (what, why) = done.report.journal_line();
            effects.journal(order_id, what, why);
        }
        Ok(())
    }

    async fn given_up(
        &self,
        _connection: &mut PgConnection,
        job: &Job,
        _reason: &str,
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        if let Some((order_id, _)) = submission_key(&job.payload) {
            effects.journal(order_id, "documents not verified", "the job was given up; an operator must look at it");
        }
        Ok(())
    }
}

impl Verifier {
    async fn verify(&self, job: &Job) -> Result<Done, JobError> {
        let key = submission_key(&job.payload).ok_or_else(|| JobError::GiveUp("the job names no submission".into()))?;
        let task = store::task(&self.context.pool, key).await.map_err(|error| JobError::Retry(error.to_string()))?;
        let task = Verify::decode(task.as_slice()).map_err(|error| JobError::GiveUp(error.to_string()))?;
        let sealed = task.subject.unwrap_or_default();
        let subject: IdentitySubject = self
            .context
            .keyring
            .open(&sealed, &task.order_id)
            .map_err(|error| JobError::GiveUp(format!("the subject cannot be opened: {error}")))?;
        let (observations, evidence) = self.observe(&subject).await?;
        let limits = Limits {
            today: self.today(),
            least_months_left: self.config.least_months_left,
            face_threshold: self.config.face_threshold,
        };
        let report = checks::judge(&subject, &observations, &limits);
        Ok(Done { key, province: task.province, report, evidence })
    }

    fn today(&self) -> NaiveDate {
        let now = self.context.clock.now();
        match FixedOffset::east_opt(BEIJING_OFFSET_SECONDS) {
            Some(beijing) => now.with_timezone(&beijing).date_naive(),
            None => now.date_naive(),
        }
    }

    /// Looks at every material that is verified and known to this version; nothing is known as long as store or engine do not answer.
    async fn observe(&self, subject: &IdentitySubject) -> Result<(Observations, Vec<Evidence>), JobError> {
        let mut evidence = Vec::new();
        let mut observations = Observations::default();
        let mut pictures: Vec<Vec<u8>> = Vec::new();
        for material in &subject.materials {
            let kind = MaterialKind::parse(&material.kind).filter(|kind| kind.is_verified());
            let Some(kind) = kind else { continue };
            let service_index = usize::try_from(material.service_index).unwrap_or(usize::MAX);
            if service_index >= subject.service_principals.len().max(1) {
                continue;
            }
            let (sight, picture) = self.see(material).await?;
            let fields = if let Sight::Read(fields) = &sight { Some(fields) } else { None };
            let sha256 = hex(&material.sha256);
            let content = EvidenceContent {
                engine: self.engine.name(),
                material: kind.as_str(),
                service_index,
                sha256: &sha256,
                fields,
                similarity: None,
            };
            let id = keep(&mut evidence, &content)?;
            observations.seen.push(Seen { kind, service_index, evidence: Some(id), sight });
            // Pictures are large; only those that show a face are needed again.
            let shows_face = matches!(kind, MaterialKind::ServicePrincipalId | MaterialKind::ServicePrincipalFace);
            pictures.push(if shows_face { picture } else { Vec::new() });
        }
        for service_index in 0..subject.service_principals.len() {
            let face = observations.seen.iter().position(|seen| {
                seen.kind == MaterialKind::ServicePrincipalFace
                    && seen.service_index == service_index
                    && matches!(seen.sight, Sight::Read(_))
            });
            let document = checks::portrait_document(&observations.seen, service_index);
            let picture = |index: Option<usize>| index.and_then(|index| pictures.get(index));
            let (Some(face), Some(document)) = (picture(face), picture(document)) else { continue };
            let similarity = match self.engine.compare_faces(face, document).await {
                Ok(compared) => Some(compared.similarity),
                Err(EngineError::Unreadable) => None,
                Err(error @ EngineError::Unavailable(_)) => return Err(JobError::Retry(error.to_string())),
            };
            let content = EvidenceContent {
                engine: self.engine.name(),
                material: MaterialKind::ServicePrincipalFace.as_str(),
                service_index,
                sha256: "",
                fields: None,
                similarity,
            };
            let id = keep(&mut evidence, &content)?;
            observations.faces.push(FaceCompared { service_index, similarity, evidence: Some(id) });
        }
        Ok((observations, evidence))
    }

    /// One material and its clear bytes (empty when there are none).
    async fn see(&self, material: &Material) -> Result<(Sight, Vec<u8>), JobError> {
        let bytes = match self.materials.get(&material.object, &material.key).await {
            Ok(bytes) => bytes,
            Err(MaterialError::NotFound(_) | MaterialError::Broken(_)) => return Ok((Sight::Lost, Vec::new())),
            Err(error @ MaterialError::Store(_)) => return Err(JobError::Retry(error.to_string())),
        };
        if Sha256::digest(&bytes).as_slice() != material.sha256 {
            return Ok((Sight::Lost, Vec::new()));
        }
        let limits = PictureLimits {
            most_bytes: self.context.common.materials.max_bytes,
            shortest_edge_pixels: self.config.shortest_edge_pixels,
            longest_edge_pixels: self.config.longest_edge_pixels,
        };
        if let Err(fault) = picture::check(&bytes, &limits) {
            return Ok((Sight::Faulty(fault), Vec::new()));
        }
        match self.engine.read(&bytes).await {
            Ok(fields) => Ok((Sight::Read(fields), bytes)),
            Err(EngineError::Unreadable) => Ok((Sight::Unreadable, bytes)),
            Err(error @ EngineError::Unavailable(_)) => Err(JobError::Retry(error.to_string())),
        }
    }
}

fn keep(evidence: &mut Vec<Evidence>, content: &EvidenceContent<'_>) -> Result<Uuid, JobError> {
    let id = Uuid::now_v7();
    let content = serde_json::to_vec(content).map_err(|error| JobError::GiveUp(error.to_string()))?;
    evidence.push(Evidence { id, content });
    Ok(id)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
