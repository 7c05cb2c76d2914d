//! Golden documents: one for each operation and version that carries it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use icp_domain::ServiceKind;

use super::super::block::{Piece, assemble};
use super::super::charset::decode_xml;
use super::super::dialect;
use super::super::parts::PICTURE_MARK;
use super::super::xml::Element;
use super::*;
use crate::filing::{Attachment, NATURE_PERSON, PartId, RelayApp, RelayCancellation, specimen};

/// The filing as a document.
fn document(dialect: &Dialect, ids: &FilingIds, filing: &RelayFiling) -> String {
    let outline = write_outline(dialect, ids, filing).unwrap();
    let mut text = outline.text.clone();
    for attachment in &filing.attachments {
        text = text.replacen(PICTURE_MARK, &BASE64.encode(&attachment.jpeg), 1);
    }
    let bytes = assemble(dialect.interface, &[(outline.block, vec![Piece::Text(&text)])], 330_000_000_001);
    decode_xml(&bytes).unwrap().into_owned()
}

fn ids() -> FilingIds {
    let id = |isp| PartId { isp, bureau: None };
    FilingIds {
        organiser: id(1001),
        services: vec![ServiceIds {
            service: id(2001),
            domains: vec![id(3001)],
            access: id(4001),
            addresses: vec![id(5001)],
        }],
    }
}

/// The same parts on record, with the bureau's ids of the skeletons.
fn ids_on_record() -> FilingIds {
    let mut ids = ids();
    ids.organiser.bureau = Some(900_001);
    let service = &mut ids.services[0];
    service.service.bureau = Some(910_001);
    service.domains[0].bureau = Some(920_001);
    service.access.bureau = Some(930_001);
    service.addresses[0].bureau = Some(940_001);
    ids
}

/// The specimen as the operation sends it, with everything that it may have.
fn specimen_of(operation: BureauOperation) -> RelayFiling {
    use BureauOperation as O;
    let mut filing = RelayFiling { operation, ..specimen() };
    filing.organiser.investor = Some("投资人".into());
    filing.organiser.remark = Some("备注<&>".into());
    let service = &mut filing.services[0];
    service.pre_approvals = vec![(1, "新网〔2024〕1号".into())];
    service.remark = Some("站点备注".into());
    filing.attachments.push(Attachment { purpose: 2, owner: AttachmentOwner::Organiser, jpeg: vec![1] });
    if operation != O::AddFiling {
        filing.organiser.number = Some("浙ICP备00000001号".into());
    }
    if !matches!(operation, O::AddFiling | O::AddService) {
        service.number = Some("浙ICP备00000001号-1".into());
    }
    if matches!(operation, O::DeregisterOrganiser | O::DeregisterService | O::CancelAccess) {
        filing.cancellation = Some(RelayCancellation { reason: 1, note: Some("不再经营".into()) });
        filing.attachments.clear();
    }
    filing
}

fn collapse(text: &str) -> String {
    text.lines().map(str::trim).collect()
}

/// One element to a line where an element begins behind another's end, so that a difference is seen.
fn lines(text: &str) -> String {
    text.replace("><", ">\n<") + "\n"
}

fn golden(interface: Interface, name: &str) -> std::path::PathBuf {
    let folder = match interface {
        Interface::V3_0 => "v3",
        Interface::V5_0 => "v5",
    };
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wire/golden").join(folder).join(format!("{name}.xml"))
}

fn expect_golden(interface: Interface, name: &str, found: &str) {
    let file = golden(interface, name);
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(found, expected, "{}", file.display());
}

/// The skeleton of bureau-interface §8.7, which is valid against the schema of V3.0.
#[test]
fn a_new_filing_equals_the_skeleton() {
    let text = document(&dialect::specimen(Interface::V3_0), &ids(), &specimen());
    // The skeleton gives no identity document for the second person; ours always does.
    let ours = text.replace(
        "<Fzr_dzyj>b@example.cn</Fzr_dzyj><Fzr_zjlx>2</Fzr_zjlx><Fzr_zjhm>EXAMPLE</Fzr_zjhm>",
        "<Fzr_dzyj>b@example.cn</Fzr_dzyj>",
    );
    assert_eq!(collapse(&ours), collapse(include_str!("../golden/new_filing.xml")));
}

#[test]
fn every_operation_equals_its_golden_document() {
    for interface in [Interface::V3_0, Interface::V5_0] {
        let dialect = dialect::specimen(interface);
        for operation in BureauOperation::ALL {
            let mut filing = specimen_of(operation);
            if operation == BureauOperation::ChangeOrganiser && interface == Interface::V5_0 {
                // The submission has already left the pictures of services out.
                filing.attachments.retain(|attachment| attachment.owner == AttachmentOwner::Organiser);
            }
            if Block::of(operation, interface).is_none() {
                let violations = write_outline(&dialect, &ids_on_record(), &filing).unwrap_err();
                assert_eq!(violations[0].field, "operation");
                continue;
            }
            let is_new = matches!(operation, BureauOperation::AddFiling | BureauOperation::AddService);
            let ids = if is_new { ids() } else { ids_on_record() };
            let found = lines(&document(&dialect, &ids, &filing));
            expect_golden(interface, operation.as_str(), &found);
        }
    }
}

#[test]
fn apps_and_mini_programs_equal_their_golden_documents() {
    let dialect = dialect::specimen(Interface::V5_0);
    let mut filing = specimen_of(BureauOperation::AddFiling);
    let app = RelayApp {
        platform: "ios".into(),
        package: "cn.example.shop".into(),
        public_key: "00AF".into(),
        fingerprint: "0123456789abcdef0123456789abcdef01234567".into(),
        domains: vec!["api.example.cn".into(), "img.example.cn".into()],
        sdk_providers: vec!["示例SDK".into()],
    };
    filing.services[0] = RelayService {
        kind: ServiceKind::App,
        domains: vec![],
        home_url: None,
        apps: vec![app],
        ..filing.services[0].clone()
    };
    filing.services[0].principal.emergency_phone = Some("13000000009".into());
    let mini = RelayService {
        kind: ServiceKind::MiniProgram,
        apps: vec![],
        mini_program_platforms: vec![10001],
        contents: vec![51],
        ..filing.services[0].clone()
    };
    filing.services.push(mini);
    let mut ids = ids();
    ids.services[0].domains.clear();
    ids.services.push(ids.services[0].clone());
    ids.services[1].service.isp = 2002;
    let found = lines(&document(&dialect, &ids, &filing));
    expect_golden(Interface::V5_0, "add_filing_app", &found);

    let mut filing = specimen_of(BureauOperation::AddAccess);
    filing.services[0].kind = ServiceKind::MiniProgram;
    filing.services[0].number = Some("浙ICP备00000001号-2X".into());
    filing.services[0].mini_program_platforms = vec![10001, 10002];
    let found = lines(&document(&dialect, &ids_on_record(), &filing));
    expect_golden(Interface::V5_0, "add_access_mini_program", &found);
}

#[test]
fn v3_reports_each_access_in_a_record_of_its_own() {
    let mut filing = specimen_of(BureauOperation::AddAccess);
    filing.services.push(filing.services[0].clone());
    let mut ids = ids();
    ids.services.push(ids.services[0].clone());
    let v3 = write_outline(&dialect::specimen(Interface::V3_0), &ids, &filing).unwrap();
    assert_eq!((v3.records, v3.text.matches("<Xzxx>").count()), (2, 2));
    assert_eq!(v3.text.matches(PICTURE_MARK).count(), filing.attachments.len());
    let v5 = write_outline(&dialect::specimen(Interface::V5_0), &ids, &filing).unwrap();
    assert_eq!((v5.records, v5.text.matches("<Xzxx>").count()), (1, 1));
}

#[test]
fn a_person_needs_no_office_phone_and_an_emergency_phone_stands_in() {
    let mut filing = specimen();
    filing.organiser.nature = NATURE_PERSON;
    filing.organiser.principal.office_phone = None;
    filing.services[0].principal.office_phone = None;
    filing.services[0].principal.emergency_phone = Some("13000000009".into());
    filing.organiser.certificate.address = None;
    let text = document(&dialect::specimen(Interface::V3_0), &ids(), &filing);
    let record = Element::parse(&text).unwrap();
    assert_eq!(record.find("Fzr").unwrap().text_of("Fzr_dhhm"), None);
    assert_eq!(record.find("Wz_Fzr").unwrap().text_of("Fzr_dhhm"), Some("13000000009"));
    assert_eq!(record.find("Zj").unwrap().text_of("Zjzs"), Some("示例路1号"));
}
