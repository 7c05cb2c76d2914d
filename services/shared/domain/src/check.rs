//! The checks of identity verification: the one list of their names, which its reports, the history of orders and the
//! verification slip say.

/// A check of identity verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CheckName {
    /// The material was handed in.
    MaterialPresent,
    /// The stored material is the uploaded one.
    MaterialIntact,
    /// Format, size and header of the picture.
    Picture,
    /// The engine can read it.
    Readable,
    /// It shows what it should.
    DocumentKind,
    /// Form and check character of a number.
    CheckDigit,
    /// A field of the document is what the form says.
    DocumentAgainstForm,
    /// The document is valid for long enough.
    ValidityLeft,
    /// The person in charge is the legal representative.
    LegalRepresentative,
    /// The live face is the one on the document.
    FaceAgainstDocument,
}

impl CheckName {
    /// The name in messages and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaterialPresent => "material_present",
            Self::MaterialIntact => "material_intact",
            Self::Picture => "picture",
            Self::Readable => "readable",
            Self::DocumentKind => "document_kind",
            Self::CheckDigit => "check_digit",
            Self::DocumentAgainstForm => "document_against_form",
            Self::ValidityLeft => "validity_left",
            Self::LegalRepresentative => "legal_representative",
            Self::FaceAgainstDocument => "face_against_document",
        }
    }
}
