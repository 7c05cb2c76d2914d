//! From a task's message to the record of an upload: reading protobuf, fitting pictures, checking.

use icp_domain::MaterialKind;
use icp_proto::{common, relay};

use crate::filing::{
    Attachment, AttachmentOwner, RelayCertificate, RelayFiling, RelayOrganiser, RelayPerson, RelayService,
};
use crate::image_fit;
use crate::wire::download::ResultCode;
use crate::wire::upload::{MAX_PICTURE_BYTES, Violation};

/// XSD不符: the code of the interface for a record that breaks the schema.
pub const CODE_SCHEMA: u32 = 5001;
/// 附件格式不合规
pub const CODE_ATTACHMENT: u32 = 5010;
/// 功能未开放: interface V3.0 has no such function.
pub const CODE_NOT_OFFERED: u32 = 5011;

/// A picture with what it shows, in clear.
pub struct Picture {
    /// What it shows.
    pub kind: MaterialKind,
    /// Index of the service that it belongs to.
    pub service_index: usize,
    /// The bytes as uploaded by the applicant.
    pub bytes: Vec<u8>,
}

/// Materials that have a place in an upload, with their kinds.
pub fn wanted_materials(filing: &relay::RelayFiling) -> Vec<(MaterialKind, &common::Material)> {
    filing
        .materials
        .iter()
        .filter_map(|material| MaterialKind::parse(&material.kind).map(|kind| (kind, material)))
        .filter(|(kind, _)| kind.bureau_purpose().is_some())
        .collect()
}

/// Builds the filing for the wire. What the bureau would refuse comes back as the codes with which it would
/// refuse it; this is repeatable and needs a person to change the order.
pub fn build(message: &relay::RelayFiling, pictures: Vec<Picture>) -> Result<RelayFiling, Vec<ResultCode>> {
    let mut refusals = Vec::new();
    let Some(organiser) = &message.organiser else {
        return Err(vec![refusal(CODE_SCHEMA, "organiser", "is missing")]);
    };
    for (index, service) in message.services.iter().enumerate() {
        if service.kind != "website" {
            let field = format!("services[{index}].kind");
            refusals.push(refusal(CODE_NOT_OFFERED, &field, "only websites can be filed over interface V3.0"));
        }
    }
    let mut attachments = Vec::with_capacity(pictures.len());
    for picture in pictures {
        let Some(purpose) = picture.kind.bureau_purpose() else { continue };
        match image_fit::fit(&picture.bytes, MAX_PICTURE_BYTES) {
            Ok(jpeg) => attachments.push(Attachment {
                purpose: purpose.into(),
                owner: owner_of(picture.kind, picture.service_index),
                jpeg,
            }),
            Err(error) => {
                let field = format!("materials.{}", picture.kind.as_str());
                refusals.push(refusal(CODE_ATTACHMENT, &field, &error.to_string()));
            }
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(RelayFiling {
        organiser: organiser_of(organiser),
        services: message.services.iter().map(service_of).collect(),
        attachments,
    })
}

/// The codes for what [`crate::wire::upload::validate`] found.
pub fn refusals_of(violations: &[Violation]) -> Vec<ResultCode> {
    violations.iter().map(|v| refusal(CODE_SCHEMA, &v.field, &v.problem)).collect()
}

/// The code for a picture that is gone from the object store: the applicant uploads it again.
pub fn lost_picture() -> ResultCode {
    refusal(CODE_ATTACHMENT, "materials", "a picture is no longer stored; upload it again")
}

fn refusal(code: u32, field: &str, problem: &str) -> ResultCode {
    ResultCode { code, text: format!("checked before sending: {field} {problem}") }
}

fn owner_of(kind: MaterialKind, service_index: usize) -> AttachmentOwner {
    match kind {
        MaterialKind::OrganiserCertificate | MaterialKind::OrganiserPrincipalId => AttachmentOwner::Organiser,
        _ => AttachmentOwner::Service(service_index),
    }
}

fn optional(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn certificate_of(certificate: Option<&common::Certificate>) -> RelayCertificate {
    RelayCertificate {
        kind: certificate.map_or(0, |c| c.kind),
        number: certificate.map(|c| c.number.clone()).unwrap_or_default(),
        address: certificate.and_then(|c| optional(&c.address)),
    }
}

/// A missing person becomes an empty one, which the check of the record refuses field by field.
fn person_of(person: Option<&common::Person>) -> RelayPerson {
    let text = |of: fn(&common::Person) -> &String| person.map(|p| of(p).clone()).unwrap_or_default();
    RelayPerson {
        name: text(|p| &p.name),
        id: certificate_of(person.and_then(|p| p.id.as_ref())),
        mobile: text(|p| &p.mobile),
        office_phone: optional(&text(|p| &p.office_phone)),
        emergency_phone: optional(&text(|p| &p.emergency_phone)),
        email: text(|p| &p.email),
    }
}

fn organiser_of(organiser: &relay::RelayOrganiser) -> RelayOrganiser {
    RelayOrganiser {
        name: organiser.name.clone(),
        nature: organiser.nature,
        investor: optional(&organiser.investor),
        province_code: organiser.province_code,
        city_code: organiser.city_code,
        county_code: (organiser.county_code != 0).then_some(organiser.county_code),
        address_detail: organiser.address_detail.clone(),
        certificate: certificate_of(organiser.certificate.as_ref()),
        principal: person_of(organiser.principal.as_ref()),
        remark: optional(&organiser.remark),
    }
}

fn service_of(service: &relay::RelayService) -> RelayService {
    RelayService {
        name: service.name.clone(),
        domains: service.domains.clone(),
        home_url: optional(&service.home_url),
        contents: service.contents.clone(),
        languages: service.languages.clone(),
        pre_approvals: service.pre_approvals.iter().map(|p| (p.category, p.number.clone())).collect(),
        principal: person_of(service.principal.as_ref()),
        access_methods: service.access_methods.clone(),
        server_places: service.server_places.clone(),
        addresses: service.addresses.iter().map(|range| (range.first, range.last)).collect(),
        remark: optional(&service.remark),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn what_v3_cannot_carry_is_refused_with_the_field() {
        let message = relay::RelayFiling {
            organiser: Some(relay::RelayOrganiser::default()),
            services: vec![relay::RelayService { kind: "app".into(), ..Default::default() }],
            materials: vec![],
            ..relay::RelayFiling::default()
        };
        let picture =
            Picture { kind: MaterialKind::OrganiserCertificate, service_index: 0, bytes: b"no picture".to_vec() };
        let refusals = build(&message, vec![picture]).unwrap_err();
        assert_eq!(refusals.iter().map(|r| r.code).collect::<Vec<_>>(), [CODE_NOT_OFFERED, CODE_ATTACHMENT]);
        assert!(refusals[0].text.contains("services[0].kind"));
        assert!(refusals[1].text.contains("organiser-certificate"));
        assert_eq!(build(&relay::RelayFiling::default(), vec![]).unwrap_err()[0].code, CODE_SCHEMA);
    }

    #[test]
    fn materials_without_a_purpose_stay_at_home() {
        let material = |kind: &str| common::Material { kind: kind.into(), ..Default::default() };
        let filing = relay::RelayFiling {
            materials: vec![material("commitment"), material("service-principal-face"), material("?")],
            ..Default::default()
        };
        let kinds: Vec<_> = wanted_materials(&filing).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [MaterialKind::ServicePrincipalFace]);
        assert_eq!(owner_of(MaterialKind::ServicePrincipalFace, 3), AttachmentOwner::Service(3));
        assert_eq!(owner_of(MaterialKind::OrganiserPrincipalId, 3), AttachmentOwner::Organiser);
    }
}
