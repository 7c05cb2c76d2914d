//! Specimen documents: pictures that carry their content as JSON in a comment segment, so that the sandbox's
//! document engine can read them without looking at pixels.
//!
//! The segment is a JPEG COM segment whose text is `SPECIMEN-DATA ` and an object with `document`
//! (`business_licence`, `citizen_id_front`, `face`, `commitment`) and, where the document shows them, `name`,
//! `number`, `valid_to` (a date or `long_term`), `address`, `legal_representative`.

use icp_domain::{Certificate, Filing, MaterialKind, Province};
use serde_json::{Value, json};

/// How the comment begins.
pub const SPECIMEN_MARK: &str = "SPECIMEN-DATA ";

const BUSINESS_LICENCE: &[u8] = include_bytes!("../../../../infra/demo/specimens/business_licence.jpg");
const CITIZEN_ID: &[u8] = include_bytes!("../../../../infra/demo/specimens/citizen_id_front.jpg");
const FACE: &[u8] = include_bytes!("../../../../infra/demo/specimens/face.jpg");
const COMMITMENT: &[u8] = include_bytes!("../../../../infra/demo/specimens/commitment.jpg");

/// The pictures that an applicant would hand in with this filing, in the order in which they are asked for.
pub fn materials(filing: &Filing) -> Vec<(MaterialKind, Vec<u8>)> {
    kinds(filing).into_iter().map(|kind| (kind, picture(kind, filing))).collect()
}

/// Which pictures belong to a filing. The letter of commitment is asked for in Guangdong (since 2021-06-21).
pub fn kinds(filing: &Filing) -> Vec<MaterialKind> {
    let asks_for_commitment = filing.province == Province::Guangdong;
    let kinds = MaterialKind::ALL.into_iter().filter(|kind| kind.is_verified());
    kinds.filter(|kind| *kind != MaterialKind::Commitment || asks_for_commitment).collect()
}

/// One picture: a plain form of its kind with the content of [`fields`].
pub fn picture(kind: MaterialKind, filing: &Filing) -> Vec<u8> {
    let fields = fields(kind, filing);
    let form = match kind {
        MaterialKind::OrganiserCertificate if !filing.organiser.is_person() => BUSINESS_LICENCE,
        MaterialKind::OrganiserCertificate | MaterialKind::OrganiserPrincipalId | MaterialKind::ServicePrincipalId => {
            CITIZEN_ID
        }
        MaterialKind::ServicePrincipalFace => FACE,
        _ => COMMITMENT,
    };
    with_fields(form, &fields)
}

/// What the document of this kind says when it agrees with the filing.
pub fn fields(kind: MaterialKind, filing: &Filing) -> Value {
    let organiser = &filing.organiser;
    let first = &organiser.principal;
    let second = filing.services.first().map_or(first, |service| &service.principal);
    match kind {
        MaterialKind::OrganiserCertificate if !organiser.is_person() => json!({
            "document": "business_licence",
            "name": organiser.name,
            "number": organiser.certificate.number,
            "address": organiser.certificate.address,
            "legal_representative": first.name,
            "valid_to": valid_to(&organiser.certificate),
        }),
        MaterialKind::OrganiserCertificate => citizen_id(&organiser.name, &organiser.certificate),
        MaterialKind::OrganiserPrincipalId => citizen_id(&first.name, &first.id),
        MaterialKind::ServicePrincipalId => citizen_id(&second.name, &second.id),
        MaterialKind::ServicePrincipalFace => {
            json!({ "document": "face", "name": second.name, "number": second.id.number })
        }
        _ => json!({ "document": kind.as_str(), "name": organiser.name }),
    }
}

/// The JPEG with these fields in its comment; any earlier specimen comment stays behind the new one.
pub fn with_fields(jpeg: &[u8], fields: &Value) -> Vec<u8> {
    const START_OF_IMAGE: usize = 2;
    let text = format!("{SPECIMEN_MARK}{fields}");
    // A segment's length counts its own two bytes and must fit into sixteen bits.
    let Ok(length) = u16::try_from(text.len() + 2) else {
        return jpeg.to_vec();
    };
    let place = START_OF_IMAGE + application_segment_length(jpeg);
    let (before, after) = jpeg.split_at(place.min(jpeg.len()));
    let mut marked = Vec::with_capacity(jpeg.len() + text.len() + 4);
    marked.extend_from_slice(before);
    marked.extend_from_slice(&[0xFF, 0xFE]);
    marked.extend_from_slice(&length.to_be_bytes());
    marked.extend_from_slice(text.as_bytes());
    marked.extend_from_slice(after);
    marked
}

/// Length with marker of the JFIF segment, which must stay the first one.
fn application_segment_length(jpeg: &[u8]) -> usize {
    match jpeg.get(2..6) {
        Some(&[0xFF, 0xE0, high, low]) => 2 + usize::from(u16::from_be_bytes([high, low])),
        _ => 0,
    }
}

fn citizen_id(name: &str, certificate: &Certificate) -> Value {
    let mut fields = json!({
        "document": "citizen_id_front",
        "name": name,
        "number": certificate.number,
        "valid_to": valid_to(certificate),
    });
    if let (Some(address), Some(object)) = (&certificate.address, fields.as_object_mut()) {
        object.insert("address".to_owned(), json!(address));
    }
    fields
}

fn valid_to(certificate: &Certificate) -> String {
    certificate.valid_to.map_or_else(|| "long_term".to_owned(), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::filings::{company_filing, person_filing};

    #[test]
    fn a_company_hands_in_its_licence_and_two_identity_cards() {
        let filing = company_filing(Province::Zhejiang, 7);
        let materials = materials(&filing);
        let kinds: Vec<_> = materials.iter().map(|(kind, _)| *kind).collect();
        let expected = [
            MaterialKind::OrganiserCertificate,
            MaterialKind::OrganiserPrincipalId,
            MaterialKind::ServicePrincipalId,
            MaterialKind::ServicePrincipalFace,
        ];
        assert_eq!(kinds, expected);
        let licence = fields(MaterialKind::OrganiserCertificate, &filing);
        assert_eq!(licence["legal_representative"], filing.organiser.principal.name);
        for (kind, picture) in materials {
            let text = format!("{SPECIMEN_MARK}{}", fields(kind, &filing));
            let place = picture.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
            assert_eq!(picture[place - 4..place - 2], [0xFF, 0xFE]);
            assert_eq!(usize::from(u16::from_be_bytes([picture[place - 2], picture[place - 1]])), text.len() + 2);
            assert_eq!(picture[..4], [0xFF, 0xD8, 0xFF, 0xE0], "JFIF stays first");
            assert!(picture.len() < 32 * 1024, "{kind:?}: {} bytes", picture.len());
        }
    }

    #[test]
    fn a_persons_certificate_is_the_identity_card() {
        let filing = person_filing(Province::Guangdong, 7);
        assert_eq!(fields(MaterialKind::OrganiserCertificate, &filing)["document"], "citizen_id_front");
        assert_eq!(materials(&filing).len(), 5, "Guangdong asks for the letter of commitment");
    }
}
