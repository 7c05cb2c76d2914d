//! No engine at all: it believes what a SPECIMEN picture says about itself in a JPEG comment.

use async_trait::async_trait;

use crate::engine::{DocumentEngine, DocumentFields, EngineError, FaceMatch};

/// How the comment of a specimen begins.
const SPECIMEN_MARK: &[u8] = b"SPECIMEN-DATA ";

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;
const COMMENT: u8 = 0xFE;

/// Reads the JSON behind `SPECIMEN-DATA ` in the first such comment segment; a picture without one is unreadable.
/// Two faces are one person when their pictures name the same number.
#[derive(Debug, Clone, Copy)]
pub struct SandboxEngine;

#[async_trait]
impl DocumentEngine for SandboxEngine {
    fn name(&self) -> &'static str {
        "sandbox/1"
    }

    async fn read(&self, image: &[u8]) -> Result<DocumentFields, EngineError> {
        read(image)
    }

    async fn compare_faces(&self, live: &[u8], document: &[u8]) -> Result<FaceMatch, EngineError> {
        let (live, document) = (self.read(live).await?, self.read(document).await?);
        match (live.number, document.number) {
            (Some(live), Some(document)) => {
                Ok(FaceMatch { similarity: if live.eq_ignore_ascii_case(&document) { 1.0 } else { 0.0 } })
            }
            _ => Err(EngineError::Unreadable),
        }
    }
}

/// What a specimen says about itself.
pub fn read(image: &[u8]) -> Result<DocumentFields, EngineError> {
    let text = comments(image).find_map(|comment| comment.strip_prefix(SPECIMEN_MARK));
    serde_json::from_slice(text.ok_or(EngineError::Unreadable)?).map_err(|_| EngineError::Unreadable)
}

/// The comment segments before the picture data. Ends at the first byte that is no segment.
fn comments(jpeg: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = jpeg.strip_prefix(&[0xFF, 0xD8]).unwrap_or_default();
    std::iter::from_fn(move || {
        loop {
            let &[0xFF, marker, high, low, ..] = rest else { return None };
            if matches!(marker, START_OF_SCAN | END_OF_IMAGE) {
                return None;
            }
            // The length counts its own two bytes.
            let length = usize::from(u16::from_be_bytes([high, low]));
            let content = rest.get(4..2 + length)?;
            rest = rest.get(2 + length..)?;
            if marker == COMMENT {
                return Some(content);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use icp_domain::{MaterialKind, Province};
    use icp_testkit::{filings, specimen};

    use super::*;
    use crate::engine::{DocumentKind, Validity};

    #[tokio::test]
    async fn a_specimen_says_what_it_shows() {
        let filing = filings::company_filing(Province::Guangdong, 3);
        let picture = specimen::picture(MaterialKind::ServicePrincipalId, &filing);
        let fields = SandboxEngine.read(&picture).await.unwrap();
        let person = &filing.services[0].principal;
        assert_eq!(fields.document, DocumentKind::CitizenIdFront);
        assert_eq!(fields.name.as_ref(), Some(&person.name));
        assert_eq!(fields.number.as_ref(), Some(&person.id.number));
        assert_eq!(fields.valid_to, person.id.valid_to.map(Validity::Until));
        assert!(!format!("{fields:?}").contains(&person.id.number));
    }

    #[tokio::test]
    async fn other_pictures_are_unreadable() {
        let filing = filings::company_filing(Province::Guangdong, 3);
        let good = specimen::picture(MaterialKind::ServicePrincipalId, &filing);
        let mark = good.windows(SPECIMEN_MARK.len()).position(|window| window == SPECIMEN_MARK).unwrap();
        let mut plain = good.clone();
        plain[mark] = b'X';
        let mut not_json = good.clone();
        not_json[mark + SPECIMEN_MARK.len()] = b'X';
        let mut endless_segment = good.clone();
        endless_segment[4] = 0xFF;
        endless_segment[5] = 0xFF;
        let cut_in_the_comment = &good[..mark + 20];
        for picture in [&plain, &not_json, &endless_segment, cut_in_the_comment, &[][..], &[0xFF, 0xD8, 0xFF]] {
            // The specimens come from forms that carry a comment of their own behind the first one.
            match SandboxEngine.read(picture).await {
                Err(error) => assert_eq!(error, EngineError::Unreadable),
                Ok(fields) => assert_ne!(fields.number, Some(filing.services[0].principal.id.number.clone())),
            }
        }
        assert_eq!(SandboxEngine.read(cut_in_the_comment).await, Err(EngineError::Unreadable));
    }

    #[tokio::test]
    async fn faces_agree_by_number() {
        let (one, other) =
            (filings::person_filing(Province::Zhejiang, 1), filings::person_filing(Province::Zhejiang, 2));
        let face = specimen::picture(MaterialKind::ServicePrincipalFace, &one);
        let own = specimen::picture(MaterialKind::ServicePrincipalId, &one);
        let foreign = specimen::picture(MaterialKind::ServicePrincipalId, &other);
        assert_eq!(SandboxEngine.compare_faces(&face, &own).await, Ok(FaceMatch { similarity: 1.0 }));
        assert_eq!(SandboxEngine.compare_faces(&face, &foreign).await, Ok(FaceMatch { similarity: 0.0 }));
        assert_eq!(SandboxEngine.compare_faces(&face, b"nothing").await, Err(EngineError::Unreadable));
    }
}
