//! The virus scanner: a port, and an adapter that speaks the protocol of clamd over TCP.
//!
//! `INSTREAM` sends the file in chunks, each behind its length, and gets one line back. Nothing of the file goes to the
//! scanner's disk, and neither its name nor its owner goes to the scanner.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest line that a scanner may answer, bytes.
const ANSWER_BYTES_MAX: u64 = 4_096;

/// The section `[intake.materials.scanner]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScannerConfig {
    /// Address of clamd, host and port; empty scans nothing.
    pub address: String,
    /// Longest time for one file, milliseconds.
    pub timeout_ms: u64,
    /// Bytes in one chunk.
    pub chunk_bytes: usize,
    /// What happens to a file while the scanner does not answer.
    pub when_unreachable: WhenUnreachable,
}

/// What happens to a file while the scanner does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenUnreachable {
    /// It is refused; the applicant tries again.
    Refuse,
    /// It is stored and scanned later; until then the order cannot be submitted.
    Later,
}

/// What a scanner says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// The name of what was found.
    Infected(String),
}

/// The scanner did not say anything of use.
#[derive(Debug, thiserror::Error)]
#[error("the virus scanner has no verdict: {0}")]
pub struct ScanError(String);

/// Looks for viruses.
#[async_trait]
pub trait Scanner: Send + Sync {
    /// What it says of a file.
    async fn scan(&self, file: &[u8]) -> Result<Verdict, ScanError>;
}

/// The scanner of the configuration; none when its address is empty.
pub fn scanner(config: &ScannerConfig) -> Option<Arc<dyn Scanner>> {
    (!config.address.is_empty()).then(|| Arc::new(Clamd::new(config)) as Arc<dyn Scanner>)
}

/// clamd over TCP.
#[derive(Debug)]
pub struct Clamd {
    address: String,
    timeout: Duration,
    chunk_bytes: usize,
}

impl Clamd {
    /// The scanner at the address of the configuration.
    pub fn new(config: &ScannerConfig) -> Self {
        Self {
            address: config.address.clone(),
            timeout: Duration::from_millis(config.timeout_ms.max(1)),
            chunk_bytes: config.chunk_bytes.clamp(1, u32::MAX as usize),
        }
    }

    async fn ask(&self, file: &[u8]) -> Result<String, std::io::Error> {
        let mut stream = TcpStream::connect(&self.address).await?;
        // A scanner that has seen enough answers and closes: its answer counts, not that it took no more.
        let sent = self.send(&mut stream, file).await;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
        if answer.is_empty() {
            sent?;
        }
        Ok(String::from_utf8_lossy(&answer).trim_matches(['\0', '\n', '\r', ' ']).to_owned())
    }

    async fn send(&self, stream: &mut TcpStream, file: &[u8]) -> Result<(), std::io::Error> {
        stream.write_all(b"zINSTREAM\0").await?;
        for chunk in file.chunks(self.chunk_bytes) {
            // The size of a chunk fits: see `new`.
            stream.write_u32(u32::try_from(chunk.len()).unwrap_or_default()).await?;
            stream.write_all(chunk).await?;
        }
        stream.write_u32(0).await?;
        stream.flush().await
    }
}

#[async_trait]
impl Scanner for Clamd {
    async fn scan(&self, file: &[u8]) -> Result<Verdict, ScanError> {
        let asked = tokio::time::timeout(self.timeout, self.ask(file)).await;
        let answer = asked
            .map_err(|_| ScanError(format!("no answer within {} ms", self.timeout.as_millis())))?
            .map_err(|error| ScanError(error.to_string()))?;
        verdict(&answer)
    }
}

/// What a line of clamd says: `stream: OK`, `stream: <name> FOUND`, or `… ERROR`.
pub fn verdict(answer: &str) -> Result<Verdict, ScanError> {
    let text = answer.strip_prefix("stream: ").unwrap_or(answer);
    if text == "OK" {
        return Ok(Verdict::Clean);
    }
    match text.strip_suffix(" FOUND") {
        // The name is stored.
        Some(name) => Ok(Verdict::Infected(name.chars().filter(|character| !character.is_control()).collect())),
        None => Err(ScanError(format!("it says `{answer}`"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn only_a_clear_answer_is_a_verdict() {
        assert_eq!(verdict("stream: OK").unwrap(), Verdict::Clean);
        let found = verdict("stream: Eicar-Test-Signature FOUND").unwrap();
        assert_eq!(found, Verdict::Infected("Eicar-Test-Signature".to_owned()));
        assert_eq!(verdict("stream: Eicar\0Test FOUND").unwrap(), Verdict::Infected("EicarTest".to_owned()));
        for unclear in ["", "INSTREAM size limit exceeded. ERROR", "stream: Can't allocate memory ERROR", "PONG"] {
            assert!(verdict(unclear).is_err(), "{unclear}");
        }
    }
}
