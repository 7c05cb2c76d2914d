//! The upload document `UploadData` V3.0 with its block XZBA (新增备案), bureau-interface §8.
//!
//! One fault against the bureau's schema sinks a whole file (result 5001), so every record is checked
//! here against the ranges of the schema before it may enter a file. Elements are written in the
//! schema's order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::charset::gbk_xml;
use super::xml::{XmlWriter, is_xml_char};
use crate::filing::{
    AttachmentOwner, FilingIds, NATURE_PERSON, RelayCertificate, RelayFiling, RelayPerson, RelayService, ServiceIds,
};

/// 核验单 (attachment purpose 1).
const PURPOSE_SLIP: u32 = 1;
/// Largest slip: 150 KB.
pub const MAX_SLIP_BYTES: usize = 150 * 1024;
/// Largest picture of any other purpose: 100 KB.
pub const MAX_PICTURE_BYTES: usize = 100 * 1024;
/// Attachment format jpg.
const FORMAT_JPEG: u32 = 1;
/// 报备方式: the access provider reports on behalf of the organiser (代为).
const REPORTED_BY_PROVIDER: u32 = 1;

/// A value that the bureau's schema would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Violation {
    /// Path of the value, e.g. `services[0].principal.mobile`.
    pub field: String,
    /// What is wrong, without the value itself.
    pub problem: String,
}

/// Stands in an outline where a picture goes; no text may hold it (it is no XML character).
pub const PICTURE_MARK: char = '\u{1}';

/// A stretch of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Markup and text.
    Text(&'a str),
    /// A picture, which is written in base64.
    Picture(&'a [u8]),
}

/// Bytes of a record in a document, from its outline and its pictures.
pub fn record_bytes(outline: &str, filing: &RelayFiling) -> usize {
    let pictures = filing.attachments.iter().map(|attachment| attachment.jpeg.len().div_ceil(3) * 4);
    outline.len() + pictures.sum::<usize>()
}

/// Checks a filing and writes it as one record (`Baxx`), with a mark in place of each picture.
pub fn write_outline(ids: &FilingIds, filing: &RelayFiling) -> Result<String, Vec<Violation>> {
    let mut violations = validate(filing);
    if ids.services.len() != filing.services.len() {
        violations.push(Violation { field: "services".into(), problem: "ids do not fit".into() });
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    let mut writer = XmlWriter::default();
    writer.element("Baxx", |record| {
        write_organiser(record, ids, filing);
        for (service, service_ids) in filing.services.iter().zip(&ids.services) {
            write_service(record, service_ids, service);
        }
        for attachment in &filing.attachments {
            let (owner_kind, owner_id) = match attachment.owner {
                AttachmentOwner::Organiser => (1_u32, ids.organiser),
                AttachmentOwner::Service(index) => {
                    (2, ids.services.get(index).map_or(ids.organiser, |service| service.service))
                }
            };
            record.element("Fj", |group| {
                group.element("Fjxx", |item| {
                    item.number("Fjwjgs", FORMAT_JPEG);
                    item.number("Fjyt", attachment.purpose);
                    item.leaf("Fjnr", PICTURE_MARK.encode_utf8(&mut [0; 4]));
                    item.element("Fjssdx", |owner| {
                        owner.number("Ssdxlx", owner_kind);
                        owner.number("Ssdxbs", owner_id);
                    });
                });
            });
        }
    });
    Ok(writer.finish())
}

/// Bytes that [`assemble`] adds around the records, at most.
pub const DOCUMENT_OVERHEAD_BYTES: usize = 256;

/// Puts records into one document, in GBK.
pub fn assemble<'a>(pieces: impl IntoIterator<Item = Piece<'a>>, isp_id: i64) -> Vec<u8> {
    let mut document = b"<?xml version=\"1.0\" encoding=\"GBK\"?><UploadData version=\"V.3.0\"><ICP><XZBA>".to_vec();
    for piece in pieces {
        match piece {
            Piece::Text(text) => document.extend_from_slice(&gbk_xml(text)),
            Piece::Picture(bytes) => document.extend_from_slice(BASE64.encode(bytes).as_bytes()),
        }
    }
    document.extend_from_slice(b"</XZBA><Qqdwid>");
    document.extend_from_slice(isp_id.to_string().as_bytes());
    document.extend_from_slice(b"</Qqdwid></ICP></UploadData>");
    document
}

fn write_organiser(record: &mut XmlWriter, ids: &FilingIds, filing: &RelayFiling) {
    let organiser = &filing.organiser;
    record.element("Zt_xx", |group| {
        group.number("IspZtid", ids.organiser);
        group.leaf("Dwmc", &organiser.name);
        group.number("Dwxz", organiser.nature);
        group.optional("Tzr", organiser.investor.as_deref());
        group.element("Txdz", |address| {
            address.number("Shengid", organiser.province_code);
            address.number("Shiid", organiser.city_code);
            if let Some(county) = organiser.county_code {
                address.number("Xianid", county);
            }
            address.leaf("Xxdz", &organiser.address_detail);
        });
        group.element("Zj", |certificate| {
            certificate.number("Zjlx", organiser.certificate.kind);
            certificate.leaf("Zjhm", &organiser.certificate.number);
            certificate.leaf("Zjzs", certificate_address(filing));
        });
        group.element("Fzr", |person| write_person(person, &organiser.principal));
        group.number("Bbfs", REPORTED_BY_PROVIDER);
        group.optional("Bz", organiser.remark.as_deref());
    });
}

/// The schema wants an address of the certificate; where the certificate has none, the postal address stands in.
fn certificate_address(filing: &RelayFiling) -> &str {
    filing.organiser.certificate.address.as_deref().unwrap_or(&filing.organiser.address_detail)
}

fn office_phone(person: &RelayPerson) -> Option<&str> {
    person.office_phone.as_deref().or(person.emergency_phone.as_deref())
}

fn write_person(group: &mut XmlWriter, person: &RelayPerson) {
    group.leaf("Fzr_xm", &person.name);
    group.optional("Fzr_dhhm", office_phone(person));
    group.leaf("Fzr_sjhm", &person.mobile);
    group.leaf("Fzr_dzyj", &person.email);
    group.number("Fzr_zjlx", person.id.kind);
    group.leaf("Fzr_zjhm", &person.id.number);
}

fn write_service(record: &mut XmlWriter, ids: &ServiceIds, service: &RelayService) {
    record.element("Wz_xx", |group| {
        group.number("IspWzid", ids.service);
        group.leaf("Wzmc", &service.name);
        if !service.pre_approvals.is_empty() {
            group.element("Nrlx", |list| {
                for (category, number) in &service.pre_approvals {
                    list.element("Nrlx_xx", |item| {
                        item.number("Nrlx_id", *category);
                        item.leaf("Qzsph", number);
                    });
                }
            });
        }
        write_codes(group, "Fwnr", "Fwnr_id", &service.contents);
        write_codes(group, "Yylb", "Yylb_id", &service.languages);
        for (domain, id) in service.domains.iter().zip(&ids.domains) {
            group.element("Ym_xx", |item| {
                item.number("IspYmid", *id);
                item.leaf("Ym", domain);
            });
        }
        group.element("Jr_xx", |access| {
            access.number("IspJrid", ids.access);
            write_codes(access, "Wzfb", "Fbdd", &service.server_places);
            write_codes(access, "Wzjrfs", "Jrfs", &service.access_methods);
            for ((first, last), id) in service.addresses.iter().zip(&ids.addresses) {
                access.element("Ip_xx", |item| {
                    item.number("IspIpid", *id);
                    item.number("Qsip", *first);
                    item.number("Zzip", *last);
                });
            }
        });
        group.element("Wz_Fzr", |person| write_person(person, &service.principal));
        group.optional("Syurl", service.home_url.as_deref());
        group.optional("Wz_Bz", service.remark.as_deref());
    });
}

fn write_codes(group: &mut XmlWriter, list_tag: &str, tag: &str, codes: &[u32]) {
    group.element(list_tag, |list| {
        for code in codes {
            list.number(tag, *code);
        }
    });
}

/// Everything that the schema of V3.0 would refuse; empty when the record may be sent.
pub fn validate(filing: &RelayFiling) -> Vec<Violation> {
    let mut check = Check::default();
    check_organiser(&mut check, filing);
    check.count("services", filing.services.len(), 1, 64);
    let is_person = filing.organiser.nature == NATURE_PERSON;
    for (index, service) in filing.services.iter().enumerate() {
        check_service(&mut check, &format!("services[{index}]"), service, is_person);
    }
    for (index, attachment) in filing.attachments.iter().enumerate() {
        let field = format!("attachments[{index}]");
        check.code(&format!("{field}.purpose"), attachment.purpose, 1, 999);
        let limit = if attachment.purpose == PURPOSE_SLIP { MAX_SLIP_BYTES } else { MAX_PICTURE_BYTES };
        if attachment.jpeg.is_empty() {
            check.add(&field, "is empty".into());
        } else if attachment.jpeg.len() > limit {
            check.add(&field, format!("has {} bytes, more than {limit}", attachment.jpeg.len()));
        }
        if let AttachmentOwner::Service(service) = attachment.owner
            && service >= filing.services.len()
        {
            check.add(&field, format!("belongs to service {service}, which does not exist"));
        }
    }
    check.violations
}

fn check_organiser(check: &mut Check, filing: &RelayFiling) {
    let organiser = &filing.organiser;
    check.text("organiser.name", &organiser.name, 1, 255);
    check.code("organiser.nature", organiser.nature, 1, 999);
    check.optional_text("organiser.investor", organiser.investor.as_deref(), 1, 255);
    for (field, code) in [
        ("organiser.address.province_code", Some(organiser.province_code)),
        ("organiser.address.city_code", Some(organiser.city_code)),
        ("organiser.address.county_code", organiser.county_code),
    ] {
        if let Some(code) = code {
            check.code(field, code, 100_000, 999_999);
        }
    }
    check.text("organiser.address.detail", &organiser.address_detail, 1, 1024);
    check_certificate(check, "organiser.certificate", &organiser.certificate);
    check.text("organiser.certificate.address", certificate_address(filing), 1, 1024);
    let is_person = organiser.nature == NATURE_PERSON;
    check_person(check, "organiser.principal", &organiser.principal, is_person);
    check.optional_text("organiser.remark", organiser.remark.as_deref(), 1, 1024);
}

fn check_certificate(check: &mut Check, field: &str, certificate: &RelayCertificate) {
    check.code(&format!("{field}.kind"), certificate.kind, 1, 999);
    check.text(&format!("{field}.number"), &certificate.number, 1, 255);
}

fn check_person(check: &mut Check, field: &str, person: &RelayPerson, organiser_is_person: bool) {
    check.text(&format!("{field}.name"), &person.name, 1, 128);
    check_certificate(check, &format!("{field}.id"), &person.id);
    check.phone(&format!("{field}.mobile"), &person.mobile);
    check.text(&format!("{field}.email"), &person.email, 6, 128);
    match office_phone(person) {
        Some(phone) => check.phone(&format!("{field}.office_phone"), phone),
        None if organiser_is_person => {}
        None => check.add(
            &format!("{field}.office_phone"),
            "is needed unless the organiser is a person (result 1010/1031)".into(),
        ),
    }
}

fn check_service(check: &mut Check, field: &str, service: &RelayService, organiser_is_person: bool) {
    check.text(&format!("{field}.name"), &service.name, 1, 512);
    check.codes(&format!("{field}.contents"), &service.contents, 64);
    check.codes(&format!("{field}.languages"), &service.languages, 256);
    check.codes(&format!("{field}.access.methods"), &service.access_methods, 64);
    check.codes(&format!("{field}.access.server_places"), &service.server_places, 64);
    check.count(&format!("{field}.domains"), service.domains.len(), 1, 1000);
    for (index, domain) in service.domains.iter().enumerate() {
        check.text(&format!("{field}.domains[{index}]"), domain, 4, 128);
    }
    check.count(&format!("{field}.pre_approvals"), service.pre_approvals.len(), 0, 64);
    for (index, (category, number)) in service.pre_approvals.iter().enumerate() {
        check.code(&format!("{field}.pre_approvals[{index}].category"), *category, 1, 64);
        check.text(&format!("{field}.pre_approvals[{index}].number"), number, 1, 512);
    }
    check_person(check, &format!("{field}.principal"), &service.principal, organiser_is_person);
    check.count(&format!("{field}.access.addresses"), service.addresses.len(), 1, 1000);
    for (index, (first, last)) in service.addresses.iter().enumerate() {
        if first > last {
            check.add(&format!("{field}.access.addresses[{index}]"), "the first address is above the last".into());
        }
    }
    check.optional_text(&format!("{field}.home_url"), service.home_url.as_deref(), 4, 255);
    if let Some(url) = &service.home_url
        && !service.domains.iter().any(|domain| url.contains(domain.as_str()))
    {
        check.add(&format!("{field}.home_url"), "has to contain one of the service's domains (result 1041)".into());
    }
    check.optional_text(&format!("{field}.remark"), service.remark.as_deref(), 1, 1024);
}

#[derive(Default)]
struct Check {
    violations: Vec<Violation>,
}

impl Check {
    fn add(&mut self, field: &str, problem: String) {
        self.violations.push(Violation { field: field.to_owned(), problem });
    }

    /// Lengths of the schema are counted in characters.
    fn text(&mut self, field: &str, value: &str, min: usize, max: usize) {
        if let Some(bad) = value.chars().find(|character| !is_xml_char(*character)) {
            self.add(field, format!("has the character U+{:04X}, which XML does not allow", u32::from(bad)));
            return;
        }
        let length = value.chars().count();
        if value.trim().is_empty() && min > 0 {
            self.add(field, "is empty".into());
        } else if length < min || length > max {
            self.add(field, format!("has {length} characters; {min} to {max} are allowed"));
        }
    }

    fn optional_text(&mut self, field: &str, value: Option<&str>, min: usize, max: usize) {
        if let Some(value) = value {
            self.text(field, value, min, max);
        }
    }

    /// Several numbers may stand side by side, divided by `;`.
    fn phone(&mut self, field: &str, value: &str) {
        self.text(field, value, 11, 128);
        if !value.chars().all(|c| c.is_ascii_digit() || c == '-' || c == ';') {
            self.add(field, "may have only digits, `-` and `;`".into());
        }
    }

    fn code(&mut self, field: &str, value: u32, min: u32, max: u32) {
        if value < min || value > max {
            self.add(field, format!("is {value}; {min} to {max} is allowed"));
        }
    }

    fn count(&mut self, field: &str, count: usize, min: usize, max: usize) {
        if count < min || count > max {
            self.add(field, format!("has {count} entries; {min} to {max} are allowed"));
        }
    }

    fn codes(&mut self, field: &str, codes: &[u32], max_count: usize) {
        self.count(field, codes.len(), 1, max_count);
        for (index, code) in codes.iter().enumerate() {
            self.code(&format!("{field}[{index}]"), *code, 1, 64);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::charset::decode_xml;
    use super::super::xml::Element;
    use super::*;
    use crate::filing::{Attachment, specimen};

    /// A record with its pictures written out.
    fn write_record(ids: &FilingIds, filing: &RelayFiling) -> Result<String, Vec<Violation>> {
        let mut record = write_outline(ids, filing)?;
        for attachment in &filing.attachments {
            record = record.replacen(PICTURE_MARK, &BASE64.encode(&attachment.jpeg), 1);
        }
        Ok(record)
    }

    fn ids() -> FilingIds {
        FilingIds {
            organiser: 1001,
            services: vec![ServiceIds { service: 2001, domains: vec![3001], access: 4001, addresses: vec![5001] }],
        }
    }

    /// The skeleton of bureau-interface §8.7, which is valid against the schema of V3.0.
    #[test]
    fn the_document_equals_the_skeleton() {
        let record = write_record(&ids(), &specimen()).unwrap();
        let bytes = assemble([Piece::Text(&record)], 330_000_000_001);
        let text = decode_xml(&bytes).unwrap();
        let expected = include_str!("golden/new_filing.xml");
        let collapse = |text: &str| text.lines().map(str::trim).collect::<String>();
        // The skeleton gives no identity document for the second person; ours always does.
        let ours = text.replace(
            "<Fzr_dzyj>b@example.cn</Fzr_dzyj><Fzr_zjlx>2</Fzr_zjlx><Fzr_zjhm>EXAMPLE</Fzr_zjhm>",
            "<Fzr_dzyj>b@example.cn</Fzr_dzyj>",
        );
        assert_eq!(collapse(&ours), collapse(expected));
        assert!(bytes.windows(4).any(|w| w == [0xCA, 0xBE, 0xC0, 0xFD]), "示例 is written in GBK");
    }

    #[test]
    fn optional_parts_stand_in_the_order_of_the_schema() {
        let mut filing = specimen();
        filing.organiser.investor = Some("投资人".into());
        filing.organiser.remark = Some("备注<&>".into());
        filing.services[0].pre_approvals = vec![(1, "新网〔2024〕1号".into())];
        filing.services[0].remark = Some("站点备注".into());
        filing.attachments.push(Attachment { purpose: 2, owner: AttachmentOwner::Organiser, jpeg: vec![1] });
        let record = Element::parse(&write_record(&ids(), &filing).unwrap()).unwrap();
        let names =
            |element: &Element| -> Vec<String> { element.children.iter().map(|child| child.name.clone()).collect() };
        assert_eq!(names(&record), ["Zt_xx", "Wz_xx", "Fj", "Fj"]);
        assert_eq!(
            names(record.child("Zt_xx").unwrap()),
            ["IspZtid", "Dwmc", "Dwxz", "Tzr", "Txdz", "Zj", "Fzr", "Bbfs", "Bz"]
        );
        assert_eq!(
            names(record.child("Wz_xx").unwrap()),
            ["IspWzid", "Wzmc", "Nrlx", "Fwnr", "Yylb", "Ym_xx", "Jr_xx", "Wz_Fzr", "Syurl", "Wz_Bz"]
        );
        assert_eq!(record.child("Zt_xx").unwrap().text_of("Bz"), Some("备注<&>"));
        let owner = record.children[3].find("Fjssdx").unwrap();
        assert_eq!((owner.text_of("Ssdxlx"), owner.text_of("Ssdxbs")), (Some("1"), Some("1001")));
    }

    #[test]
    fn each_range_is_checked_before_sending() {
        type Spoil = fn(&mut RelayFiling);
        let cases: [(&str, Spoil); 24] = [
            ("organiser.name", |f| f.organiser.name = "名".repeat(256)),
            ("organiser.name", |f| f.organiser.name = " ".into()),
            ("organiser.name", |f| f.organiser.name = "a\u{1}".into()),
            ("organiser.nature", |f| f.organiser.nature = 0),
            ("organiser.address.city_code", |f| f.organiser.city_code = 3301),
            ("organiser.address.detail", |f| f.organiser.address_detail = String::new()),
            ("organiser.certificate.kind", |f| f.organiser.certificate.kind = 1000),
            ("organiser.certificate.number", |f| f.organiser.certificate.number = String::new()),
            ("organiser.principal.mobile", |f| f.organiser.principal.mobile = "1300".into()),
            ("organiser.principal.mobile", |f| f.organiser.principal.mobile = "+8613000000000".into()),
            ("organiser.principal.email", |f| f.organiser.principal.email = "a@b.c".into()),
            ("organiser.principal.office_phone", |f| f.organiser.principal.office_phone = None),
            ("organiser.remark", |f| f.organiser.remark = Some("x".repeat(1025))),
            ("services", |f| f.services.clear()),
            ("services[0].name", |f| f.services[0].name = "x".repeat(513)),
            ("services[0].contents", |f| f.services[0].contents.clear()),
            ("services[0].contents[0]", |f| f.services[0].contents = vec![65]),
            ("services[0].domains[0]", |f| f.services[0].domains = vec!["a.b".into()]),
            ("services[0].home_url", |f| f.services[0].home_url = Some("www.other.cn".into())),
            ("services[0].access.addresses[0]", |f| f.services[0].addresses = vec![(2, 1)]),
            ("services[0].pre_approvals[0].number", |f| {
                f.services[0].pre_approvals = vec![(1, String::new())];
            }),
            ("attachments[0]", |f| f.attachments[0].jpeg = vec![0; MAX_SLIP_BYTES + 1]),
            ("attachments[0]", |f| f.attachments[0].jpeg.clear()),
            ("attachments[0]", |f| f.attachments[0].owner = AttachmentOwner::Service(1)),
        ];
        assert_eq!(validate(&specimen()), []);
        for (field, spoil) in cases {
            let mut filing = specimen();
            spoil(&mut filing);
            let fields: Vec<String> = validate(&filing).into_iter().map(|v| v.field).collect();
            assert!(fields.iter().any(|found| found == field), "{field} not in {fields:?}");
            assert!(write_record(&ids(), &filing).is_err());
        }
    }

    #[test]
    fn a_problem_never_quotes_the_value() {
        let mut filing = specimen();
        filing.organiser.principal.mobile = "MARKED-VALUE".into();
        filing.organiser.principal.name = "MARKED-VALUE\u{0}".into();
        for violation in validate(&filing) {
            assert!(!violation.to_string().contains("MARKED"), "{violation}");
        }
    }

    #[test]
    fn a_person_needs_no_office_phone_and_an_emergency_phone_stands_in() {
        let mut filing = specimen();
        filing.organiser.nature = NATURE_PERSON;
        filing.organiser.principal.office_phone = None;
        filing.services[0].principal.office_phone = None;
        filing.services[0].principal.emergency_phone = Some("13000000009".into());
        filing.organiser.certificate.address = None;
        assert_eq!(validate(&filing), []);
        let record = write_record(&ids(), &filing).unwrap();
        let record = Element::parse(&record).unwrap();
        assert_eq!(record.find("Fzr").unwrap().text_of("Fzr_dhhm"), None);
        assert_eq!(record.find("Wz_Fzr").unwrap().text_of("Fzr_dhhm"), Some("13000000009"));
        assert_eq!(record.find("Zj").unwrap().text_of("Zjzs"), Some("示例路1号"));
    }
}
