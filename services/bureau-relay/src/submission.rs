//! From a task's message to the record of an upload: reading protobuf, fitting pictures, checking.

use icp_domain::identifiers::FilingNumber;
use icp_domain::{BureauOperation, MaterialKind, ServiceKind};
use icp_papers::Refusal;
use icp_proto::{common, relay};

use crate::expectation::UnknownPart;
use crate::filing::{
    Attachment, AttachmentOwner, RelayApp, RelayCancellation, RelayCertificate, RelayFiling, RelayOrganiser,
    RelayPerson, RelayService,
};
use crate::image_fit;
use crate::wire::block::Block;
use crate::wire::check::{MAX_PICTURE_BYTES, MAX_SLIP_BYTES, PURPOSE_SLIP, Violation};
use crate::wire::dialect::Interface;
use crate::wire::download::ResultCode;

/// XSD不符: the code of the interface for a record that breaks the schema.
pub const CODE_SCHEMA: u32 = 5001;
/// 附件格式不合规
pub const CODE_ATTACHMENT: u32 = 5010;
/// 功能未开放: the interface of this account has no such function.
pub const CODE_NOT_OFFERED: u32 = 5011;
/// 数据在备案库不存在
pub const CODE_NOT_ON_RECORD: u32 = 1016;
/// 主办者冲突
pub const CODE_IN_FLIGHT: u32 = 1003;

/// What goes with a filing as a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wanted<'a> {
    /// A material, which lies in the object store.
    Material(MaterialKind, &'a common::Material),
    /// A slip, which is to be printed.
    Slip(&'a relay::Slip),
}

/// A picture in clear.
pub struct Picture {
    /// What it shows, as refusals name it, e.g. `materials.organiser-certificate`.
    pub field: String,
    /// The ministry's code for what it shows (附件用途).
    pub purpose: u32,
    /// Whose it is.
    pub owner: AttachmentOwner,
    /// The bytes, as uploaded by the applicant or as printed.
    pub bytes: Vec<u8>,
}

impl Wanted<'_> {
    /// The picture of it; none where the bureau has no place for such a one.
    pub fn picture(&self, bytes: Vec<u8>) -> Option<Picture> {
        Some(Picture { field: self.field(), purpose: self.purpose()?, owner: self.owner(), bytes })
    }

    /// As what refusals name it.
    pub fn field(&self) -> String {
        match self {
            Self::Material(kind, _) => format!("materials.{}", kind.as_str()),
            Self::Slip(slip) => format!("services[{}]", slip.service_index),
        }
    }

    fn purpose(&self) -> Option<u32> {
        match self {
            Self::Material(kind, _) => kind.bureau_purpose().map(u32::from),
            Self::Slip(_) => Some(PURPOSE_SLIP),
        }
    }

    fn owner(&self) -> AttachmentOwner {
        match self {
            Self::Material(kind, _) if kind.is_of_organiser() => AttachmentOwner::Organiser,
            Self::Material(_, material) => AttachmentOwner::Service(index_of(material.service_index)),
            Self::Slip(slip) => AttachmentOwner::Service(index_of(slip.service_index)),
        }
    }
}

/// What a filing asks of the bureau; no text means a new filing.
pub fn operation_of(filing: &relay::RelayFiling) -> Option<BureauOperation> {
    match filing.operation.as_str() {
        "" => Some(BureauOperation::AddFiling),
        text => BureauOperation::parse(text),
    }
}

/// What has a place in an upload as a picture. A cancellation has none, a change of the organiser only the organiser's:
/// its services are carried along as they are.
pub fn wanted(filing: &relay::RelayFiling) -> Vec<Wanted<'_>> {
    let operation = operation_of(filing);
    let shows_services = operation.is_none_or(BureauOperation::shows_services);
    let shows_organiser = shows_services || operation == Some(BureauOperation::ChangeOrganiser);
    let mut wanted: Vec<_> = filing
        .materials
        .iter()
        .filter_map(|material| Some(Wanted::Material(MaterialKind::parse(&material.kind)?, material)))
        .chain(filing.slips.iter().map(Wanted::Slip))
        .filter(|wanted| wanted.purpose().is_some())
        .filter(|wanted| match wanted.owner() {
            AttachmentOwner::Organiser => shows_organiser,
            AttachmentOwner::Service(_) => shows_services,
        })
        .collect();
    // Records that are written one for each service then have their pictures in the order of the records.
    wanted.sort_by_key(|wanted| {
        let kind = match wanted {
            Wanted::Material(kind, _) => Some(*kind),
            Wanted::Slip(_) => None,
        };
        match wanted.owner() {
            AttachmentOwner::Organiser => (0, 0, kind),
            AttachmentOwner::Service(index) => (1, index, kind),
        }
    });
    wanted
}

/// Builds the filing for the wire. What the bureau would refuse comes back as the codes with which it would
/// refuse it; this is repeatable and needs a person to change the order.
pub fn build(
    interface: Interface,
    message: &relay::RelayFiling,
    pictures: Vec<Picture>,
) -> Result<RelayFiling, Vec<ResultCode>> {
    let mut refusals = Vec::new();
    let Some(organiser) = &message.organiser else {
        return Err(vec![refusal(CODE_SCHEMA, "organiser", "is missing")]);
    };
    let Some(operation) = operation_of(message) else {
        return Err(vec![refusal(CODE_NOT_OFFERED, "operation", "is not known to the relay")]);
    };
    if Block::of(operation, interface).is_none() {
        let problem = format!(
            "`{}` does not exist in interface V3.0: deregister the services at the old organiser and file them for the \
             new one, or use an account with interface V5.0",
            operation.as_str()
        );
        refusals.push(refusal(CODE_NOT_OFFERED, "operation", &problem));
    }
    let mut services = Vec::with_capacity(message.services.len());
    for (index, service) in message.services.iter().enumerate() {
        if operation == BureauOperation::ChangeOrganiser && !is_carried_along(interface, service) {
            continue;
        }
        let field = format!("services[{index}].kind");
        match kind_of(&service.kind) {
            Some(kind) if kind == ServiceKind::Website || interface == Interface::V5_0 => {
                services.push(service_of(service, kind));
            }
            Some(_) => {
                let problem = "only websites can be filed over interface V3.0; others need an account with V5.0";
                refusals.push(refusal(CODE_NOT_OFFERED, &field, problem));
            }
            None => refusals.push(refusal(CODE_SCHEMA, &field, "is not website, app, mini_program or quick_app")),
        }
    }
    let mut attachments = Vec::with_capacity(pictures.len());
    for Picture { field, purpose, owner, bytes } in pictures {
        let limit = if purpose == PURPOSE_SLIP { MAX_SLIP_BYTES } else { MAX_PICTURE_BYTES };
        match image_fit::fit(&bytes, limit) {
            Ok(jpeg) => attachments.push(Attachment { purpose, owner, jpeg }),
            Err(error) => refusals.push(refusal(CODE_ATTACHMENT, &field, &error.to_string())),
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let cancellation = message.cancellation.as_ref();
    let cancellation = cancellation.map(|it| RelayCancellation { reason: it.reason, note: optional(&it.note) });
    Ok(RelayFiling { operation, organiser: organiser_of(organiser), services, cancellation, attachments })
}

/// Whether a change of the organiser takes this service along: V3.0 changes an organiser only together with websites of
/// its record; V5.0 writes none of them, but tells their numbers when the organiser gets a new one.
fn is_carried_along(interface: Interface, service: &relay::RelayService) -> bool {
    interface == Interface::V5_0 || kind_of(&service.kind) == Some(ServiceKind::Website)
}

fn kind_of(text: &str) -> Option<ServiceKind> {
    match text {
        "website" => Some(ServiceKind::Website),
        "app" => Some(ServiceKind::App),
        "mini_program" => Some(ServiceKind::MiniProgram),
        "quick_app" => Some(ServiceKind::QuickApp),
        _ => None,
    }
}

/// The codes for ids of the bureau that the relay has never learnt.
pub fn refusals_of_unknown(unknown: &[UnknownPart]) -> Vec<ResultCode> {
    let of = |part: &UnknownPart| {
        let problem = format!(
            "names a record whose id at the bureau ({}) is not known here: file its access through this account first, \
             or ask the bureau to send its data again (SJTB)",
            part.tag
        );
        refusal(CODE_NOT_ON_RECORD, &part.field, &problem)
    };
    unknown.iter().map(of).collect()
}

/// The code for a record about which another order is at the bureau.
pub fn in_flight() -> ResultCode {
    refusal(
        CODE_IN_FLIGHT,
        "organiser.number",
        "names a record about which another order is at the bureau: wait for its outcome, then submit again",
    )
}

/// The codes for what [`crate::wire::check::validate`] found.
pub fn refusals_of(violations: &[Violation]) -> Vec<ResultCode> {
    violations.iter().map(|v| refusal(CODE_SCHEMA, &v.field, &v.problem)).collect()
}

/// The code for a picture that is gone from the object store: the applicant uploads it again.
pub fn lost_picture() -> ResultCode {
    refusal(CODE_ATTACHMENT, "materials", "a picture is no longer stored; upload it again")
}

/// What the bureau would say of a slip that does not fit on its page.
pub fn unprintable(slip: &relay::Slip, reason: Refusal) -> ResultCode {
    refusal(CODE_ATTACHMENT, &Wanted::Slip(slip).field(), &format!("cannot have its slip: {reason}"))
}

fn refusal(code: u32, field: &str, problem: &str) -> ResultCode {
    ResultCode { code, text: format!("checked before sending: {field} {problem}"), field: field.to_owned() }
}

fn index_of(service: u32) -> usize {
    usize::try_from(service).unwrap_or(usize::MAX)
}

fn optional(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A filing number as bureaus write numbers; what is none stays as it is.
fn number_of(text: &str) -> Option<String> {
    optional(text).map(|text| FilingNumber::parse(&text).map_or(text, |number| number.as_str()))
}

fn certificate_of(certificate: Option<&common::Certificate>) -> RelayCertificate {
    RelayCertificate {
        kind: certificate.map_or(0, |c| c.kind),
        number: certificate.map(|c| c.number.clone()).unwrap_or_default(),
        address: certificate.and_then(|c| optional(&c.address)),
        valid_from: certificate.and_then(|c| c.valid_from.parse().ok()),
        valid_to: certificate.and_then(|c| c.valid_to.parse().ok()),
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
        number: number_of(&organiser.number),
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

fn app_of(app: &relay::AppPlatform) -> RelayApp {
    RelayApp {
        platform: app.platform.clone(),
        package: app.package.clone(),
        public_key: app.public_key.clone(),
        fingerprint: app.certificate_fingerprint.clone(),
        domains: app.domains.clone(),
        sdk_providers: app.sdk_providers.clone(),
    }
}

fn service_of(service: &relay::RelayService, kind: ServiceKind) -> RelayService {
    RelayService {
        number: number_of(&service.number),
        kind,
        apps: service.app_platforms.iter().map(app_of).collect(),
        mini_program_platforms: service.mini_program_platforms.clone(),
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
        let certificate = common::Material::default();
        let picture =
            Wanted::Material(MaterialKind::OrganiserCertificate, &certificate).picture(b"no picture".to_vec());
        let refusals = build(Interface::V3_0, &message, picture.into_iter().collect()).unwrap_err();
        assert_eq!(refusals.iter().map(|r| r.code).collect::<Vec<_>>(), [CODE_NOT_OFFERED, CODE_ATTACHMENT]);
        assert!(refusals[0].text.contains("services[0].kind"));
        assert!(refusals[1].text.contains("organiser-certificate"));
        assert_eq!(build(Interface::V3_0, &relay::RelayFiling::default(), vec![]).unwrap_err()[0].code, CODE_SCHEMA);
        let migration = relay::RelayFiling {
            organiser: message.organiser.clone(),
            operation: "migrate_service".into(),
            ..Default::default()
        };
        let refusals = build(Interface::V3_0, &migration, vec![]).unwrap_err();
        assert_eq!(refusals[0].code, CODE_NOT_OFFERED);
        assert!(refusals[0].text.contains("V5.0"), "{refusals:?}");
        assert!(build(Interface::V5_0, &message, vec![]).is_ok());
        assert!(build(Interface::V5_0, &migration, vec![]).is_ok());
        let odd = relay::RelayFiling { operation: "?".into(), ..migration };
        assert_eq!(build(Interface::V5_0, &odd, vec![]).unwrap_err()[0].code, CODE_NOT_OFFERED);
    }

    #[test]
    fn a_change_of_the_organiser_takes_along_what_the_version_knows() {
        let service = |kind: &str| relay::RelayService { kind: kind.into(), name: kind.into(), ..Default::default() };
        let message = relay::RelayFiling {
            organiser: Some(relay::RelayOrganiser::default()),
            services: vec![service("app"), service("website"), service("mini_program")],
            operation: "change_organiser".into(),
            ..Default::default()
        };
        let names = |interface| {
            let filing = build(interface, &message, vec![]).unwrap();
            filing.services.into_iter().map(|service| service.name).collect::<Vec<_>>()
        };
        assert_eq!(names(Interface::V3_0), ["website"]);
        assert_eq!(names(Interface::V5_0), ["app", "website", "mini_program"]);
    }

    #[test]
    fn materials_without_a_purpose_stay_at_home() {
        let material = |kind: &str| common::Material { kind: kind.into(), ..Default::default() };
        let slip = |service_index| relay::Slip { service_index, ..Default::default() };
        let fields = |filing: &relay::RelayFiling| wanted(filing).iter().map(Wanted::field).collect::<Vec<_>>();
        let filing = relay::RelayFiling {
            materials: vec![material("commitment"), material("service-principal-face"), material("?")],
            slips: vec![slip(0)],
            ..Default::default()
        };
        assert_eq!(fields(&filing), ["services[0]", "materials.service-principal-face"]);
        let cancelled = relay::RelayFiling { operation: "cancel_access".into(), ..filing };
        assert_eq!(wanted(&cancelled).len(), 0, "a cancellation has no pictures");
        let of_service = |service_index| common::Material { service_index, ..material("service-principal-id") };
        let filing = relay::RelayFiling {
            materials: vec![
                of_service(1),
                material("service-principal-id-back"),
                of_service(0),
                material("organiser-certificate"),
            ],
            slips: vec![slip(1), slip(0)],
            ..Default::default()
        };
        let of_organiser = "materials.organiser-certificate";
        let of_first = ["services[0]", "materials.service-principal-id", "materials.service-principal-id-back"];
        let of_second = ["services[1]", "materials.service-principal-id"];
        assert_eq!(fields(&filing), [&[of_organiser], &of_first[..], &of_second].concat());
        let alone = relay::RelayFiling { operation: "change_organiser".into(), ..filing };
        assert_eq!(fields(&alone), [of_organiser]);
        let owner = |kind, service_index| {
            Wanted::Material(kind, &common::Material { service_index, ..Default::default() }).owner()
        };
        assert_eq!(owner(MaterialKind::ServicePrincipalFace, 3), AttachmentOwner::Service(3));
        assert_eq!(owner(MaterialKind::OrganiserPrincipalId, 3), AttachmentOwner::Organiser);
        assert_eq!(owner(MaterialKind::OrganiserPrincipalIdBack, 0), AttachmentOwner::Organiser);
        assert_eq!(Wanted::Slip(&slip(2)).owner(), AttachmentOwner::Service(2));
    }

    #[test]
    fn a_slip_may_be_larger_than_other_pictures() {
        let slip = relay::Slip::default();
        let jpeg = [vec![0xFF, 0xD8, 0xFF], vec![0; MAX_PICTURE_BYTES]].concat();
        let message = relay::RelayFiling { organiser: Some(Default::default()), ..Default::default() };
        let picture = Wanted::Slip(&slip).picture(jpeg.clone()).unwrap();
        let filing = build(Interface::V3_0, &message, vec![picture]).unwrap();
        let [Attachment { purpose: PURPOSE_SLIP, owner: AttachmentOwner::Service(0), jpeg: sent }] =
            filing.attachments.as_slice()
        else {
            panic!("the slip is not sent");
        };
        assert!(*sent == jpeg, "the slip is not sent as it was printed");
    }
}
