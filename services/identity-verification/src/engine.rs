//! The port to an engine that reads documents and compares faces.

use async_trait::async_trait;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Reads documents and compares faces. Calls may be repeated.
#[async_trait]
pub trait DocumentEngine: Send + Sync + 'static {
    /// Name and version, kept with the evidence.
    fn name(&self) -> &'static str;

    /// Reads the document (or recognises the face) on a picture.
    async fn read(&self, image: &[u8]) -> Result<DocumentFields, EngineError>;

    /// Compares the face of a live picture with the one on a document.
    async fn compare_faces(&self, live: &[u8], document: &[u8]) -> Result<FaceMatch, EngineError>;
}

/// Why an engine has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The picture shows nothing that can be read; asking again does not help.
    #[error("nothing can be read on the picture")]
    Unreadable,
    /// The engine did not answer; nothing is known, ask again later.
    #[error("the document engine does not answer: {0}")]
    Unavailable(String),
}

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Business licence (营业执照); another certificate of an organisation is something else.
    BusinessLicence,
    /// Resident identity card, side with name, number and portrait.
    CitizenIdFront,
    /// Resident identity card, side with the emblem and the validity.
    CitizenIdBack,
    /// A person's face.
    Face,
    /// Letter of commitment (承诺书).
    Commitment,
    /// Something else.
    #[serde(other)]
    Other,
}

/// How long a document is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Validity {
    /// 长期
    LongTerm,
    /// Until this day, inclusive.
    Until(NaiveDate),
}

/// The fields read on a document; absent where the document does not show them. Personal data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentFields {
    /// What it is.
    pub document: DocumentKind,
    /// Name of the holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Number of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Validity>,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Legal representative, on a business licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_representative: Option<String>,
}

impl std::fmt::Debug for DocumentFields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DocumentFields").field("document", &self.document).finish_non_exhaustive()
    }
}

/// How much two faces resemble each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceMatch {
    /// 0 (nothing in common) to 1 (the same).
    pub similarity: f32,
}

impl TryFrom<String> for Validity {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "long_term" {
            return Ok(Self::LongTerm);
        }
        text.parse().map(Self::Until).map_err(|_| "valid_to must be YYYY-MM-DD or long_term".to_owned())
    }
}

impl From<Validity> for String {
    fn from(validity: Validity) -> Self {
        match validity {
            Validity::LongTerm => "long_term".to_owned(),
            Validity::Until(day) => day.to_string(),
        }
    }
}
