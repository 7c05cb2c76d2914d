//! A record between its check and its upload: its text, with the pictures left in the object store.

use icp_kit::Materials;
use icp_kit::materials::MaterialError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::wire::block::{Block, Piece};
use crate::wire::parts::PICTURE_MARK;

/// The checked records of one filing, whose pictures are named instead of written out.
#[derive(Serialize, Deserialize)]
pub struct Record {
    /// The block that they go into.
    #[serde(default)]
    pub block: Block,
    /// The text with a mark in place of each picture.
    pub outline: String,
    /// The pictures in the order of the marks.
    pub pictures: Vec<PictureRef>,
}

/// A picture in the object store.
#[derive(Clone, Serialize, Deserialize)]
pub struct PictureRef {
    /// Its location.
    pub object: String,
    /// Its key.
    pub key: Vec<u8>,
    /// SHA-256 of its clear bytes.
    pub sha256: Vec<u8>,
}

/// Why a picture of a checked record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The object store fails; try again.
    #[error("the object store does not answer")]
    Store(#[source] MaterialError),
    /// It is gone, or not what it was: no repetition helps.
    #[error("the picture at `{0}` is gone or changed")]
    Lost(String),
}

impl Record {
    /// Reads the pictures.
    pub async fn read_pictures(&self, materials: &Materials) -> Result<Vec<Vec<u8>>, PictureError> {
        let mut pictures = Vec::with_capacity(self.pictures.len());
        for picture in &self.pictures {
            let bytes = materials.get(&picture.object, &picture.key).await.map_err(|error| match error {
                MaterialError::Store(_) => PictureError::Store(error),
                MaterialError::NotFound(_) | MaterialError::Broken(_) => PictureError::Lost(picture.object.clone()),
            })?;
            if Sha256::digest(&bytes).as_slice() != picture.sha256 {
                return Err(PictureError::Lost(picture.object.clone()));
            }
            pictures.push(bytes);
        }
        Ok(pictures)
    }

    /// Text and pictures in the order of the document.
    pub fn pieces<'a>(&'a self, pictures: &'a [Vec<u8>]) -> Vec<Piece<'a>> {
        let texts = self.outline.split(PICTURE_MARK);
        let pieces = texts.enumerate().flat_map(move |(index, text)| {
            let picture = index.checked_sub(1).and_then(|before| pictures.get(before));
            picture.map(|bytes| Piece::Picture(bytes)).into_iter().chain(std::iter::once(Piece::Text(text)))
        });
        pieces.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_where_their_marks_are() {
        let record = Record {
            block: Block::NewFiling,
            outline: format!("<a>{PICTURE_MARK}</a><b>{PICTURE_MARK}</b>"),
            pictures: Vec::new(),
        };
        let pictures = vec![b"one".to_vec(), b"two".to_vec()];
        let pieces: Vec<Piece<'_>> = record.pieces(&pictures);
        assert_eq!(
            pieces,
            [
                Piece::Text("<a>"),
                Piece::Picture(b"one"),
                Piece::Text("</a><b>"),
                Piece::Picture(b"two"),
                Piece::Text("</b>")
            ]
        );
    }
}
