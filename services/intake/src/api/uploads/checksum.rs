//! `Upload-Checksum`: the digest of one request's bytes.

use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::api::problem::{Kind, Problem};

/// The algorithms, as the protocol lists them.
pub const ALGORITHMS: &str = "sha1,sha256";

const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

/// A digest that grows with the bytes, and what it must be in the end.
pub struct Checksum {
    running: Running,
    expected: Vec<u8>,
}

enum Running {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// What the headers say, if they say it.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(UPLOAD_CHECKSUM) else { return Ok(None) };
        let parts = value.to_str().ok().and_then(|text| text.split_once(' '));
        let (running, expected) = match parts {
            Some(("sha1", digest)) => (Running::Sha1(Sha1::new()), digest),
            Some(("sha256", digest)) => (Running::Sha256(Sha256::new()), digest),
            _ => {
                let detail =
                    format!("Send `Upload-Checksum` as one of {ALGORITHMS}, a blank, and the digest in base64.");
                return Err(Problem::new(Kind::BadBody, detail));
            }
        };
        let expected = BASE64
            .decode(expected.trim())
            .map_err(|_| Problem::new(Kind::BadBody, "Send the digest of `Upload-Checksum` in base64."))?;
        Ok(Some(Self { running, expected }))
    }

    /// More bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.running {
            Running::Sha1(running) => running.update(bytes),
            Running::Sha256(running) => running.update(bytes),
        }
    }

    /// Whether the bytes are those that were meant.
    pub fn agrees(self) -> bool {
        match self.running {
            Running::Sha1(running) => running.finalize().as_slice() == self.expected,
            Running::Sha256(running) => running.finalize().as_slice() == self.expected,
        }
    }
}
