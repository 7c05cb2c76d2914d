//! The parts of a record: organiser, service, access, person and pictures, in the order of either version.

use icp_domain::ServiceKind;

use super::dialect::{Dialect, Interface};
use super::xml::XmlWriter;
use crate::filing::{
    AttachmentOwner, FilingIds, PartId, RelayApp, RelayCertificate, RelayFiling, RelayOrganiser, RelayPerson,
    RelayService, ServiceIds,
};

/// Stands in an outline where a picture goes; no text may hold it (it is no XML character).
pub const PICTURE_MARK: char = '\u{1}';
/// Attachment format jpg.
const FORMAT_JPEG: u32 = 1;
/// 报备方式: the access provider reports on behalf of the organiser (代为).
const REPORTED_BY_PROVIDER: u32 = 1;
/// Turns an id of ours into the 17 digits of a request number (IspLsh).
const REQUEST_NUMBER_BASE: i64 = 10_000_000_000_000_000;

/// Whether a part is new to the bureau or on record there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// It carries our id.
    New,
    /// It carries the bureau's id, where known, and its number.
    OnRecord,
}

/// The request number (IspLsh) of a record whose first part has this id of ours; V5.0 only.
pub fn request_number(isp_id: i64) -> i64 {
    REQUEST_NUMBER_BASE.saturating_add(isp_id)
}

/// Writes the request number where the version has one.
pub fn write_request_number(record: &mut XmlWriter, dialect: &Dialect, isp_id: i64) {
    if dialect.interface == Interface::V5_0 {
        record.number("IspLsh", request_number(isp_id));
    }
}

/// The id of a part: ours for a new one, the bureau's, if it is known, for one on record.
fn write_id(group: &mut XmlWriter, id: PartId, part: As, tags: (&str, &str)) {
    match part {
        As::New => group.number(tags.0, id.isp),
        As::OnRecord => {
            if let Some(bureau_id) = id.bureau {
                group.number(tags.1, bureau_id);
            }
        }
    }
}

/// The schema wants an address of the certificate; where the certificate has none, the postal address stands in.
pub fn certificate_address(organiser: &RelayOrganiser) -> &str {
    organiser.certificate.address.as_deref().unwrap_or(&organiser.address_detail)
}

/// V3.0 has no emergency phone: it stands in for a missing office phone.
pub fn office_phone_v3(person: &RelayPerson) -> Option<&str> {
    person.office_phone.as_deref().or(person.emergency_phone.as_deref())
}

/// `Zt_xx` with all data.
pub fn write_organiser(record: &mut XmlWriter, dialect: &Dialect, organiser: &RelayOrganiser, id: PartId, part: As) {
    record.element("Zt_xx", |group| {
        write_id(group, id, part, ("IspZtid", "Ztid"));
        group.leaf("Dwmc", &organiser.name);
        group.number("Dwxz", organiser.nature);
        group.optional("Tzr", organiser.investor.as_deref());
        match dialect.interface {
            Interface::V3_0 => {
                write_address(group, organiser);
                write_certificate(group, organiser);
            }
            Interface::V5_0 => {
                write_certificate(group, organiser);
                write_address(group, organiser);
            }
        }
        group.element("Fzr", |person| write_person(person, dialect.interface, &organiser.principal));
        match part {
            As::New => group.number("Bbfs", REPORTED_BY_PROVIDER),
            As::OnRecord => group.optional("Baxh", organiser.number.as_deref()),
        }
        group.optional("Bz", organiser.remark.as_deref());
    });
}

fn write_address(group: &mut XmlWriter, organiser: &RelayOrganiser) {
    group.element("Txdz", |address| {
        address.number("Shengid", organiser.province_code);
        address.number("Shiid", organiser.city_code);
        if let Some(county) = organiser.county_code {
            address.number("Xianid", county);
        }
        address.leaf("Xxdz", &organiser.address_detail);
    });
}

fn write_certificate(group: &mut XmlWriter, organiser: &RelayOrganiser) {
    group.element("Zj", |certificate| {
        certificate.number("Zjlx", organiser.certificate.kind);
        certificate.leaf("Zjhm", &organiser.certificate.number);
        certificate.leaf("Zjzs", certificate_address(organiser));
    });
}

fn write_person(group: &mut XmlWriter, interface: Interface, person: &RelayPerson) {
    group.leaf("Fzr_xm", &person.name);
    match interface {
        Interface::V3_0 => {
            group.optional("Fzr_dhhm", office_phone_v3(person));
            group.leaf("Fzr_sjhm", &person.mobile);
            group.leaf("Fzr_dzyj", &person.email);
            group.number("Fzr_zjlx", person.id.kind);
            group.leaf("Fzr_zjhm", &person.id.number);
        }
        Interface::V5_0 => {
            group.number("Fzr_zjlx", person.id.kind);
            group.leaf("Fzr_zjhm", &person.id.number);
            group.leaf("Fzr_dzyj", &person.email);
            group.leaf("Fzr_lxfs1", &person.mobile);
            group.optional("Fzr_lxfs2", person.office_phone.as_deref());
            group.optional("Yjdh", person.emergency_phone.as_deref());
            group.optional("Fzr_zjyxq", validity(&person.id).as_deref());
        }
    }
}

/// `2019.06.30-2039.06.30`, or `2019.06.30-长期`; nothing where the first day is not known.
fn validity(certificate: &RelayCertificate) -> Option<String> {
    const DAY: &str = "%Y.%m.%d";
    let from = certificate.valid_from?.format(DAY);
    Some(match certificate.valid_to {
        Some(to) => format!("{from}-{}", to.format(DAY)),
        None => format!("{from}-长期"),
    })
}

/// How much of a service is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceScope {
    /// New or on record, with its access.
    pub part: As,
    /// Whether its access data is written too.
    pub with_access: bool,
}

/// `Wz_xx` with all data.
pub fn write_service(
    record: &mut XmlWriter,
    dialect: &Dialect,
    service: &RelayService,
    ids: &ServiceIds,
    scope: ServiceScope,
) {
    let is_v5 = dialect.interface == Interface::V5_0;
    record.element("Wz_xx", |group| {
        write_id(group, ids.service, scope.part, ("IspWzid", "Wzid"));
        group.leaf("Wzmc", &service.name);
        write_pre_approvals(group, service);
        write_codes(group, "Fwnr", "Fwnr_id", &service.contents);
        if is_v5 {
            group.number("Fwlx", service_type(service.kind));
        }
        write_codes(group, "Yylb", "Yylb_id", &service.languages);
        for (domain, id) in service.domains.iter().zip(&ids.domains) {
            group.element("Ym_xx", |item| {
                item.number("IspYmid", id.isp);
                write_id(item, *id, As::OnRecord, ("", "Ymid"));
                item.leaf("Ym", domain);
            });
        }
        if scope.with_access && service.has_access() {
            write_access(group, service, ids, scope.part);
        }
        group.element("Wz_Fzr", |person| write_person(person, dialect.interface, &service.principal));
        if scope.part == As::OnRecord {
            group.optional("Baxh", service.number.as_deref());
        }
        group.optional("Syurl", service.home_url.as_deref());
        group.optional("Wz_Bz", service.remark.as_deref());
        if is_v5 {
            write_platforms(group, service);
            for app in &service.apps {
                write_app(group, dialect, app);
            }
        }
    });
}

/// Fwlx: 1 website, 6 APP, 7 mini-program, 8 quick app.
fn service_type(kind: ServiceKind) -> u32 {
    match kind {
        ServiceKind::Website => 1,
        ServiceKind::App => 6,
        ServiceKind::MiniProgram => 7,
        ServiceKind::QuickApp => 8,
    }
}

fn write_pre_approvals(group: &mut XmlWriter, service: &RelayService) {
    if service.pre_approvals.is_empty() {
        return;
    }
    group.element("Nrlx", |list| {
        for (category, number) in &service.pre_approvals {
            list.element("Nrlx_xx", |item| {
                item.number("Nrlx_id", *category);
                item.leaf("Qzsph", number);
            });
        }
    });
}

/// `Jr_xx` inside a service.
pub fn write_access(group: &mut XmlWriter, service: &RelayService, ids: &ServiceIds, part: As) {
    group.element("Jr_xx", |access| {
        write_id(access, ids.access, part, ("IspJrid", "Jrid"));
        write_access_data(access, service, ids, part);
    });
}

/// What an access has besides its id: places, methods, addresses.
pub fn write_access_data(access: &mut XmlWriter, service: &RelayService, ids: &ServiceIds, part: As) {
    write_codes(access, "Wzfb", "Fbdd", &service.server_places);
    write_codes(access, "Wzjrfs", "Jrfs", &service.access_methods);
    for ((first, last), id) in service.addresses.iter().zip(&ids.addresses) {
        access.element("Ip_xx", |item| {
            item.number("IspIpid", id.isp);
            if part == As::OnRecord {
                write_id(item, *id, part, ("", "Ipid"));
            }
            item.number("Qsip", *first);
            item.number("Zzip", *last);
        });
    }
}

/// `Xcx_xx`: the platforms of a mini-program or quick app.
pub fn write_platforms(group: &mut XmlWriter, service: &RelayService) {
    if !service.mini_program_platforms.is_empty() {
        write_codes(group, "Xcx_xx", "xcx_id", &service.mini_program_platforms);
    }
}

fn write_app(group: &mut XmlWriter, dialect: &Dialect, app: &RelayApp) {
    let tags = &dialect.app;
    group.element(&tags.group, |item| {
        item.number(&tags.platform, platform_code(dialect, &app.platform).unwrap_or(0));
        item.leaf(&tags.package, &app.package);
        item.leaf(&tags.public_key, &app.public_key);
        item.leaf(&tags.fingerprint, &app.fingerprint);
        for domain in &app.domains {
            item.leaf(&tags.domain, domain);
        }
        for provider in &app.sdk_providers {
            item.leaf(&tags.sdk_provider, provider);
        }
    });
}

/// The bureau's code of a platform.
pub fn platform_code(dialect: &Dialect, platform: &str) -> Option<u32> {
    match platform {
        "android" => Some(dialect.app.android),
        "ios" => Some(dialect.app.ios),
        "harmony_os" => Some(dialect.app.harmony_os),
        _ => None,
    }
}

fn write_codes(group: &mut XmlWriter, list_tag: &str, tag: &str, codes: &[u32]) {
    group.element(list_tag, |list| {
        for code in codes {
            list.number(tag, *code);
        }
    });
}

/// Who owns a picture, on the wire.
enum Owner<'a> {
    /// A part of the same new filing (XZBA): our id, plain.
    Own(i64),
    /// A new part in a record of another block: our id as Jlid.
    New(i64),
    /// A part on record: its filing number.
    Number(&'a str),
}

/// `Fj` with one `Fjxx` for each picture whose index is wanted.
pub fn write_pictures(
    record: &mut XmlWriter,
    dialect: &Dialect,
    filing: &RelayFiling,
    ids: &FilingIds,
    is_new_filing: bool,
    is_wanted: impl Fn(AttachmentOwner) -> bool,
) {
    for attachment in filing.attachments.iter().filter(|attachment| is_wanted(attachment.owner)) {
        let (kind, isp_id, number) = match attachment.owner {
            AttachmentOwner::Organiser => (1_u32, ids.organiser.isp, filing.organiser.number.as_deref()),
            AttachmentOwner::Service(index) => {
                let isp_id = ids.services.get(index).map_or(ids.organiser.isp, |service| service.service.isp);
                (2, isp_id, filing.services.get(index).and_then(|service| service.number.as_deref()))
            }
        };
        let owner = match number {
            _ if is_new_filing => Owner::Own(isp_id),
            Some(number) => Owner::Number(number),
            None => Owner::New(isp_id),
        };
        record.element("Fj", |group| {
            group.element("Fjxx", |item| {
                if dialect.interface == Interface::V5_0 && !dialect.collection_code.is_empty() {
                    item.leaf("Cjm", &dialect.collection_code);
                }
                item.number("Fjwjgs", FORMAT_JPEG);
                item.number("Fjyt", attachment.purpose);
                item.leaf("Fjnr", PICTURE_MARK.encode_utf8(&mut [0; 4]));
                item.element("Fjssdx", |belongs_to| {
                    belongs_to.number("Ssdxlx", kind);
                    match owner {
                        Owner::Own(id) => belongs_to.number("Ssdxbs", id),
                        Owner::New(id) => belongs_to.element("Ssdxbs", |choice| choice.number("Jlid", id)),
                        Owner::Number(number) => belongs_to.element("Ssdxbs", |choice| choice.leaf("Baxh", number)),
                    }
                });
            });
        });
    }
}
