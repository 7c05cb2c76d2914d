//! What the relay writes, the sandbox's bureau reads back to the same values.

use chrono::NaiveDate;
use icp_domain::{BureauOperation, ServiceKind};
use icp_relay::filing::{
    FilingIds, KnownIds, KnownService, RelayApp, RelayCancellation, RelayCertificate, RelayFiling, RelayOrganiser,
    RelayPerson, RelayService,
};
use icp_relay::wire::block::{Block, Piece, assemble};
use icp_relay::wire::dialect::{Dialect, Interface};
use icp_relay::wire::upload::write_outline;
use icp_sandbox::bureau::interface::Interface as Spoken;
use icp_sandbox::bureau::request::Request;
use icp_sandbox::bureau::upload_file::{ReadLimits, UploadedRecord, read};
use icp_sandbox::bureau::xml::Element;
use proptest::prelude::*;

const ISP_ID: i64 = 330_000_000_001;

/// Text with what XML and GBK make special.
fn text() -> impl Strategy<Value = String> {
    "[a-z0-9一-龥&<>\"'㐀𠮷]{2,12}".prop_map(|text| text.trim().to_owned())
}

fn day(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 6, 30).unwrap()
}

fn person() -> impl Strategy<Value = RelayPerson> {
    let ends = prop::option::of(Just(day(2039)));
    (text(), "13[0-9]{9}", "0571-[0-9]{8}", ends).prop_map(|(name, mobile, office, valid_to)| RelayPerson {
        name,
        id: RelayCertificate {
            kind: 2,
            number: "440308199901101512".into(),
            address: None,
            valid_from: Some(day(2019)),
            valid_to,
        },
        mobile,
        office_phone: Some(office.clone()),
        emergency_phone: Some(office),
        email: "a@example.cn".into(),
    })
}

fn service() -> impl Strategy<Value = RelayService> {
    let lists = (
        prop::collection::vec(1_u32..25, 1..4),
        prop::collection::vec(1_u32..18, 1..3),
        prop::collection::vec((0x0100_0000_u32..0x0900_0000, 0_u32..255), 1..4),
    );
    let texts = (text(), prop::collection::vec("[a-z]{3,9}\\.cn", 1..3), prop::option::of(text()), text());
    (texts, person(), lists, 0_usize..4).prop_map(
        |((name, domains, remark, permit), principal, (contents, languages, ranges), kind)| RelayService {
            number: None,
            kind: [ServiceKind::Website, ServiceKind::App, ServiceKind::MiniProgram, ServiceKind::QuickApp][kind],
            name,
            home_url: domains.first().map(|domain| format!("www.{domain}")),
            domains,
            contents,
            languages,
            pre_approvals: vec![(1, permit)],
            principal,
            access_methods: vec![5],
            server_places: vec![34],
            addresses: ranges.into_iter().map(|(first, more)| (first, first + more)).collect(),
            apps: vec![],
            mini_program_platforms: vec![10001],
            remark,
        },
    )
}

fn filing() -> impl Strategy<Value = RelayFiling> {
    let texts = (text(), text(), prop::option::of(text()), prop::option::of(text()));
    let operation = prop::sample::select(&BureauOperation::ALL[..]);
    (operation, texts, person(), prop::collection::vec(service(), 1..4)).prop_map(
        |(operation, (name, address, investor, remark), principal, services)| RelayFiling {
            operation,
            organiser: RelayOrganiser {
                number: Some("浙ICP备2026000001号".into()),
                name,
                nature: 4,
                investor,
                province_code: 330_000,
                city_code: 330_100,
                county_code: Some(330_108),
                address_detail: address.clone(),
                certificate: RelayCertificate {
                    kind: 1,
                    number: "91350200776049653A".into(),
                    address: Some(address),
                    valid_from: None,
                    valid_to: None,
                },
                principal,
                remark: remark.clone(),
            },
            services,
            cancellation: Some(RelayCancellation { reason: 7, note: remark }),
            attachments: vec![],
        },
    )
}

/// A dialect with the compiled-in defaults.
fn dialect(interface: Interface) -> Dialect {
    let defaults: toml::Table = icp_relay::DEFAULTS.parse().unwrap();
    let mut dialect: Dialect = defaults["relay"]["dialect"].clone().try_into().unwrap();
    dialect.interface = interface;
    dialect
}

fn read_back(dialect: &Dialect, filing: &RelayFiling) -> (FilingIds, Vec<UploadedRecord>) {
    let known = KnownIds {
        organiser: Some(900_001),
        organiser_number: None,
        services: (0..filing.services.len())
            .map(|index| {
                let id = 910_000 + i64::try_from(index).unwrap();
                KnownService { service: Some(id), access: Some(id + 10_000), ..KnownService::default() }
            })
            .collect(),
    };
    let taken: Vec<i64> = (1_000..).take(filing.ids_needed()).collect();
    let ids = FilingIds::assign(filing, &taken, &known).unwrap();
    let outline = write_outline(dialect, &ids, filing).unwrap();
    let document = assemble(dialect.interface, &[(outline.block, vec![Piece::Text(&outline.text)])], ISP_ID);
    let interface = match dialect.interface {
        Interface::V3_0 => Spoken::V3,
        Interface::V5_0 => Spoken::V5,
    };
    let limits = ReadLimits { isp_id: 330_000_000_001, attachment_max_bytes: 1, interface };
    (ids, read("a.xml", &document, limits))
}

fn at<'a>(element: &'a Element, path: &str) -> &'a str {
    element.text_at(path).unwrap_or_default()
}

fn same_person(found: &Element, person: &RelayPerson, interface: Interface) {
    let mobile = if interface == Interface::V3_0 { "Fzr_sjhm" } else { "Fzr_lxfs1" };
    assert_eq!(at(found, "Fzr_xm"), person.name.trim());
    assert_eq!((at(found, mobile), at(found, "Fzr_zjhm")), (person.mobile.as_str(), person.id.number.as_str()));
    let validity = if person.id.valid_to.is_some() { "2019.06.30-2039.06.30" } else { "2019.06.30-长期" };
    assert_eq!(found.text_at("Fzr_zjyxq"), (interface == Interface::V5_0).then_some(validity));
}

fn same_organiser(request: &Request, organiser: &RelayOrganiser, interface: Interface) {
    let found = &request.organiser;
    assert_eq!(
        (at(found, "Dwmc"), at(found, "Txdz/Xxdz")),
        (organiser.name.as_str(), organiser.address_detail.as_str())
    );
    assert_eq!(found.text_at("Tzr"), organiser.investor.as_deref());
    assert_eq!(found.text_at("Bz"), organiser.remark.as_deref());
    assert_eq!(request.certificate, Some((1, organiser.certificate.number.clone())));
    assert_eq!(request.province_code, Some(organiser.province_code));
    same_person(found.child("Fzr").unwrap(), &organiser.principal, interface);
}

fn same_access(found: &Element, service: &RelayService) {
    let access = found.child("Jr_xx").unwrap();
    let end = |range: &Element, tag: &str| at(range, tag).parse::<u32>().unwrap();
    let ranges: Vec<_> = access.all("Ip_xx").map(|it| (end(it, "Qsip"), end(it, "Zzip"))).collect();
    assert_eq!(ranges, service.addresses);
}

fn same_service(found: &Element, service: &RelayService, interface: Interface) {
    assert_eq!(
        (at(found, "Wzmc"), at(found, "Nrlx/Nrlx_xx/Qzsph")),
        (service.name.as_str(), service.pre_approvals[0].1.as_str())
    );
    assert_eq!(found.text_at("Wz_Bz"), service.remark.as_deref());
    let list = |group: &str, tag: &str| -> Vec<u32> {
        found.all(group).flat_map(|it| it.all(tag)).map(|it| it.text().parse().unwrap()).collect()
    };
    assert_eq!(
        (list("Fwnr", "Fwnr_id"), list("Yylb", "Yylb_id")),
        (service.contents.clone(), service.languages.clone())
    );
    let domains: Vec<_> = found.all("Ym_xx").map(|it| at(it, "Ym").to_owned()).collect();
    assert_eq!(domains, service.domains);
    same_person(found.child("Wz_Fzr").unwrap(), &service.principal, interface);
}

/// Compares what an operation carries with what was read.
fn compare(filing: &RelayFiling, ids: &FilingIds, records: &[UploadedRecord], interface: Interface) {
    use BureauOperation as O;
    let first = &records[0].request;
    let is_v3 = interface == Interface::V3_0;
    let operation = filing.operation;
    let is_cancellation = matches!(operation, O::DeregisterOrganiser | O::DeregisterService | O::CancelAccess);
    if matches!(operation, O::AddFiling | O::ChangeFiling | O::ChangeOrganiser)
        || (is_v3 && matches!(operation, O::ChangeService | O::ChangeAccess))
    {
        same_organiser(first, &filing.organiser, interface);
    }
    if operation != O::AddFiling && !is_cancellation && !(is_v3 && operation == O::AddAccess) {
        assert_eq!(first.named_organiser.number, filing.organiser.number);
    }
    let read: Vec<&Element> = records.iter().flat_map(|record| &record.request.services).collect();
    let has_data = read.iter().any(|it| it.child("Wzmc").is_some());
    if !is_cancellation && (operation != O::ChangeOrganiser || is_v3) {
        assert_eq!(read.len(), filing.services.len());
        for (found, service) in read.iter().zip(&filing.services) {
            if has_data {
                same_service(found, service, interface);
            }
            if operation != O::ChangeService || is_v3 {
                same_access(found, service);
            }
        }
    }
    let cancelled: Vec<Option<i64>> = match operation {
        O::DeregisterOrganiser => vec![ids.organiser.bureau],
        O::DeregisterService => ids.services.iter().map(|ids| ids.service.bureau).collect(),
        O::CancelAccess => ids.services.iter().map(|ids| ids.access.bureau).collect(),
        _ => vec![],
    };
    for (record, id) in records.iter().zip(cancelled) {
        let request = &record.request;
        let named =
            request.named_organiser.id.or(request.named_access).or(request.named_services.first().and_then(|it| it.id));
        assert_eq!(named, id.and_then(|id| u64::try_from(id).ok()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_operation_is_read_back(mut filing in filing(), is_v5 in any::<bool>()) {
        let interface = if is_v5 { Interface::V5_0 } else { Interface::V3_0 };
        prop_assume!(Block::of(filing.operation, interface).is_some());
        let is_new = matches!(filing.operation, BureauOperation::AddFiling | BureauOperation::AddService);
        for (index, service) in filing.services.iter_mut().enumerate() {
            // Only websites and APPs have accesses to compare; V3.0 knows websites alone.
            if !is_v5 || !service.has_access() {
                service.kind = ServiceKind::Website;
            }
            if service.kind == ServiceKind::App {
                service.apps = vec![RelayApp {
                    platform: "ios".into(),
                    package: "cn.example".into(),
                    public_key: "00AF".into(),
                    fingerprint: "00".into(),
                    domains: vec![],
                    sdk_providers: vec![],
                }];
            }
            if !is_new {
                service.number = Some(format!("浙ICP备2026000001号-{}", index + 1));
            }
        }
        let (ids, records) = read_back(&dialect(interface), &filing);
        for record in &records {
            prop_assert_eq!(&record.findings, &[]);
        }
        compare(&filing, &ids, &records, interface);
    }
}
