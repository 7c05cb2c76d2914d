//! Calls to the bureau: one HTTP request per operation, with limits.

use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use sha2::{Digest, Sha256};

use crate::config::{Account, CallsSection};
use crate::wire::answer::{
    AckAnswer, AnswerError, DownloadAnswer, FiledStatusAnswer, LastUpload, MsgCode, PreviousUploadAnswer, Status,
    UploadAnswer,
};
use crate::wire::dialect::{Dialect, Interface};
use crate::wire::envelope::{self, EnvelopeError, beian_info};
use crate::wire::soap::{Call, Caller, SoapError, read_response, status_condition, write_request};
use crate::wire::xml::Element;

/// Why a call has no usable answer. What became of it is unknown.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No connection, or it broke, or the time was over.
    #[error("the bureau does not answer")]
    Transport(#[source] reqwest::Error),
    /// The server answered with an HTTP error and no SOAP fault.
    #[error("the bureau's server answered with HTTP status {0}")]
    Http(u16),
    /// The answer is larger than the limit.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer is not a SOAP answer, or a fault.
    #[error("the answer is not usable")]
    Soap(#[from] SoapError),
    /// The document in the answer lacks a field.
    #[error("the answer's document is not usable")]
    Answer(#[from] AnswerError),
    /// The call could not be written.
    #[error("the call could not be written")]
    Envelope(#[from] EnvelopeError),
}

/// Speaks to one bureau with one account.
#[derive(Debug, Clone)]
pub struct Bureau {
    http: reqwest::Client,
    account: Account,
    dialect: Dialect,
    max_answer_bytes: usize,
    answers: Counter<u64>,
    durations: Histogram<f64>,
}

impl Bureau {
    /// A client for an account.
    pub fn new(account: Account, dialect: Dialect, calls: &CallsSection) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_millis(calls.timeout_ms))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let meter = opentelemetry::global::meter("icp-relay");
        Ok(Self {
            http,
            account,
            dialect,
            max_answer_bytes: calls.max_answer_bytes,
            answers: meter.u64_counter("icp_relay_answers_total").build(),
            durations: meter.f64_histogram("icp_relay_calls_seconds").build(),
        })
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// `isp_upload`: hands over a container under a number.
    pub async fn upload(&self, sequence: u32, container: &[u8], hash: &str) -> Result<UploadAnswer, CallError> {
        let key = self.account.encrypt_uploads.then_some(&self.account.content_key);
        let content = beian_info(container, key);
        let call = Call::Upload {
            beian_info: &content,
            beian_info_hash: hash,
            data_sequence: sequence,
            encrypted: key.is_some(),
        };
        let answer = UploadAnswer::read(&self.call(&call).await?)?;
        self.count(&call, &answer.status);
        Ok(answer)
    }

    /// `isp_download`: asks for the next file.
    pub async fn download(&self) -> Result<DownloadAnswer, CallError> {
        let answer = DownloadAnswer::read(&self.call(&Call::Download).await?)?;
        self.count(&Call::Download, &answer.status);
        Ok(answer)
    }

    /// `isp_downloadack`: says that a file is stored.
    pub async fn acknowledge(&self, file_name: &str) -> Result<AckAnswer, CallError> {
        let call = Call::DownloadAck { file_name };
        let answer = AckAnswer::read(&self.call(&call).await?)?;
        self.count(&call, &answer.status);
        Ok(answer)
    }

    /// `isp_querypreviousupload`: which upload was accepted last?
    pub async fn last_upload(&self) -> Result<PreviousUploadAnswer, CallError> {
        let answer = PreviousUploadAnswer::read(&self.call(&Call::QueryPreviousUpload).await?)?;
        self.count(&Call::QueryPreviousUpload, &answer.status);
        Ok(answer)
    }

    /// `isp_querybeianstatus`: is it on record? Kind 0 is a domain, the others are kinds of certificates.
    pub async fn status(&self, kind: u32, value: &str) -> Result<FiledStatusAnswer, CallError> {
        let (query_info, query_info_hash);
        let call = match self.dialect.interface {
            Interface::V3_0 => Call::QueryStatus { condition_type: kind, condition: value },
            Interface::V5_0 => {
                let condition = status_condition(&self.dialect.query, kind, value);
                (query_info, query_info_hash) = envelope::query_info(&condition, &self.account.content_key);
                Call::QueryStatusSealed { query_info: &query_info, query_info_hash: &query_info_hash }
            }
        };
        let answer = FiledStatusAnswer::read(&self.call(&call).await?)?;
        self.count(&call, &answer.status);
        Ok(answer)
    }

    /// Whether the last accepted upload has this content: by the hash of the container, or, if the bureau
    /// packed it again, by the document inside.
    pub fn is_same_content(&self, last: &LastUpload, hash: &str, document_sha256: &[u8]) -> bool {
        if last.hash == hash {
            return true;
        }
        let unpacked = last.file.as_ref().and_then(|file| file.unpack(&self.account.content_key).ok());
        unpacked.is_some_and(|file| Sha256::digest(&file.entry.document).as_slice() == document_sha256)
    }

    async fn call(&self, call: &Call<'_>) -> Result<Element, CallError> {
        let started = Instant::now();
        let result = self.exchange(call).await;
        let attributes = [KeyValue::new("operation", call.operation().name())];
        self.durations.record(started.elapsed().as_secs_f64(), &attributes);
        if result.is_err() {
            let [operation] = attributes;
            self.answers.add(1, &[operation, KeyValue::new("code", "none")]);
        }
        result
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<Element, CallError> {
        let account = &self.account;
        let interface = self.dialect.interface;
        let caller = Caller::fresh(interface, account.isp_id, &account.user_name, account.password.expose())?;
        let request = write_request(&self.dialect, &caller, call);
        let url = format!("{}{}", account.endpoint, call.operation().path());
        let mut response = self
            .http
            .post(url)
            .header("content-type", "text/xml; charset=utf-8")
            .header("soapaction", "\"\"")
            .body(request)
            .send()
            .await
            .map_err(CallError::Transport)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(CallError::Transport)? {
            if body.len() + chunk.len() > self.max_answer_bytes {
                return Err(CallError::TooLarge(self.max_answer_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        match read_response(&body) {
            Ok(document) if status.is_success() => Ok(document),
            Err(fault @ SoapError::Fault { .. }) => Err(fault.into()),
            Err(error) if status.is_success() => Err(error.into()),
            _ => Err(CallError::Http(status.as_u16())),
        }
    }

    fn count(&self, call: &Call<'_>, status: &Status) {
        let Status { code: MsgCode(code), .. } = status;
        let attributes = [KeyValue::new("operation", call.operation().name()), KeyValue::new("code", i64::from(*code))];
        self.answers.add(1, &attributes);
    }
}
