//! What the relay hands to a bureau: one operation on one filing, with the ids of its parts.
//!
//! The content is personal data. It exists in clear only between unsealing a task and encrypting the
//! record that was written from it, and its types have no `Display` and a redacted `Debug`.

use chrono::NaiveDate;
use icp_domain::{BureauOperation, ServiceKind};

/// A filing that is to be written into an upload.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayFiling {
    /// What is asked of the bureau.
    pub operation: BureauOperation,
    /// The organiser (主体).
    pub organiser: RelayOrganiser,
    /// The services that the operation is about.
    pub services: Vec<RelayService>,
    /// Why a record is cancelled.
    pub cancellation: Option<RelayCancellation>,
    /// Pictures that go with it.
    pub attachments: Vec<Attachment>,
}

/// Why a record is cancelled (注销理由).
#[derive(Clone, PartialEq, Eq)]
pub struct RelayCancellation {
    /// Code of the bureau's table (Zxly).
    pub reason: u32,
    /// In words (Zxlybz).
    pub note: Option<String>,
}

/// The organiser (主体).
#[derive(Clone, PartialEq, Eq)]
pub struct RelayOrganiser {
    /// Filing number, where it is on record.
    pub number: Option<String>,
    /// Name as on the certificate.
    pub name: String,
    /// Nature (单位性质).
    pub nature: u32,
    /// Investor or superior unit.
    pub investor: Option<String>,
    /// Province code, e.g. 330000.
    pub province_code: u32,
    /// City code.
    pub city_code: u32,
    /// County code.
    pub county_code: Option<u32>,
    /// Street and number.
    pub address_detail: String,
    /// Certificate of the organiser.
    pub certificate: RelayCertificate,
    /// Person in charge of the organiser.
    pub principal: RelayPerson,
    /// Remark.
    pub remark: Option<String>,
}

/// 单位性质 of a natural person (个人).
pub const NATURE_PERSON: u32 = 5;

/// A certificate of an organiser or the identity document of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayCertificate {
    /// Kind (证件类型).
    pub kind: u32,
    /// Number.
    pub number: String,
    /// Address on the certificate (证件住所).
    pub address: Option<String>,
    /// First day of validity, where it is known.
    pub valid_from: Option<NaiveDate>,
    /// Last day of validity; absent means long-term.
    pub valid_to: Option<NaiveDate>,
}

/// A person in charge (负责人).
#[derive(Clone, PartialEq, Eq)]
pub struct RelayPerson {
    /// Full name.
    pub name: String,
    /// Identity document.
    pub id: RelayCertificate,
    /// Mobile number.
    pub mobile: String,
    /// Office phone.
    pub office_phone: Option<String>,
    /// Emergency phone; V3.0 has no field for it, so it stands in for a missing office phone.
    pub emergency_phone: Option<String>,
    /// E-mail address.
    pub email: String,
}

/// An internet information service; interface V3.0 knows only websites.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayService {
    /// Filing number, where it is on record.
    pub number: Option<String>,
    /// Website, APP, mini-program or quick app.
    pub kind: ServiceKind,
    /// Name.
    pub name: String,
    /// Domains.
    pub domains: Vec<String>,
    /// Home page.
    pub home_url: Option<String>,
    /// Service contents (服务内容).
    pub contents: Vec<u32>,
    /// Languages.
    pub languages: Vec<u32>,
    /// Pre-approvals: category and number.
    pub pre_approvals: Vec<(u32, String)>,
    /// Person in charge of the service.
    pub principal: RelayPerson,
    /// Access methods (接入方式).
    pub access_methods: Vec<u32>,
    /// Places of the servers.
    pub server_places: Vec<u32>,
    /// IPv4 ranges, both ends included.
    pub addresses: Vec<(u32, u32)>,
    /// What identifies an APP on its platforms.
    pub apps: Vec<RelayApp>,
    /// Platforms of a mini-program or quick app.
    pub mini_program_platforms: Vec<u32>,
    /// Remark.
    pub remark: Option<String>,
}

impl RelayService {
    /// Whether it has access data of its own; mini-programs and quick apps live on their platform's.
    pub fn has_access(&self) -> bool {
        matches!(self.kind, ServiceKind::Website | ServiceKind::App)
    }
}

/// An APP on one platform.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayApp {
    /// "android", "ios" or "harmony_os".
    pub platform: String,
    /// Package name or bundle id.
    pub package: String,
    /// Public key.
    pub public_key: String,
    /// Fingerprint of the certificate.
    pub fingerprint: String,
    /// Domains that it uses.
    pub domains: Vec<String>,
    /// Providers of SDKs.
    pub sdk_providers: Vec<String>,
}

/// A picture, already within the limits of the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Purpose (附件用途): 1 slip, 2 organiser's certificate, 3 organiser's principal, 4 service's principal, 5 photo.
    pub purpose: u32,
    /// The organiser, or the service with this index.
    pub owner: AttachmentOwner,
    /// JPEG bytes.
    pub jpeg: Vec<u8>,
}

/// Whose picture it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentOwner {
    /// The organiser's.
    Organiser,
    /// That of the service with this index.
    Service(usize),
}

macro_rules! redacted_debug {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
redacted_debug!(
    RelayFiling,
    RelayCancellation,
    RelayOrganiser,
    RelayCertificate,
    RelayPerson,
    RelayService,
    RelayApp,
    Attachment
);

/// The ids of one part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PartId {
    /// Ours (`Isp…id`), from one sequence of the relay, so that it names its part whatever kind it is of.
    pub isp: i64,
    /// The bureau's, where the part is on record and the relay has learnt it.
    pub bureau: Option<i64>,
}

/// Ids of the parts of one filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilingIds {
    /// `IspZtid`, `Ztid`
    pub organiser: PartId,
    /// One per service.
    pub services: Vec<ServiceIds>,
}

/// Ids of the parts of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceIds {
    /// `IspWzid`, `Wzid`
    pub service: PartId,
    /// `IspYmid`, `Ymid`, one per domain.
    pub domains: Vec<PartId>,
    /// `IspJrid`, `Jrid`
    pub access: PartId,
    /// `IspIpid`, `Ipid`, one per range.
    pub addresses: Vec<PartId>,
}

/// The bureau's ids of what a filing names by number, in the filing's order; see [`crate::store::known_ids`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownIds {
    /// The organiser's number as the bureau writes it.
    pub organiser_number: Option<String>,
    /// `Ztid`
    pub organiser: Option<i64>,
    /// One per service.
    pub services: Vec<KnownService>,
}

/// The bureau's ids of one service and of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownService {
    /// Its number as the bureau writes it.
    pub number: Option<String>,
    /// `Wzid`
    pub service: Option<i64>,
    /// `Jrid` of the access through this provider.
    pub access: Option<i64>,
    /// `Ymid` by domain.
    pub domains: Vec<(String, i64)>,
    /// `Ipid` by [`address_name`].
    pub addresses: Vec<(String, i64)>,
}

/// Name of a range of addresses, by which it is found again.
pub fn address_name(first: u32, last: u32) -> String {
    format!("{first}-{last}")
}

/// What an id belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// 主体
    Organiser,
    /// 网站
    Service,
    /// 域名
    Domain,
    /// 接入
    Access,
    /// IP
    Address,
}

impl PartKind {
    /// The text form used in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organiser => "organiser",
            Self::Service => "service",
            Self::Domain => "domain",
            Self::Access => "access",
            Self::Address => "address",
        }
    }
}

impl RelayFiling {
    /// How many ids [`FilingIds::assign`] takes.
    pub fn ids_needed(&self) -> usize {
        1 + self.services.iter().map(|s| 2 + s.domains.len() + s.addresses.len()).sum::<usize>()
    }

    /// Names what is on record as the bureau names it: its answers and its filed data do.
    pub fn name_as_bureau(&mut self, known: &KnownIds) {
        let numbers =
            std::iter::once(&mut self.organiser.number).chain(self.services.iter_mut().map(|s| &mut s.number));
        let theirs = std::iter::once(&known.organiser_number).chain(known.services.iter().map(|s| &s.number));
        for (number, theirs) in numbers.zip(theirs) {
            if theirs.is_some() {
                number.clone_from(theirs);
            }
        }
    }
}

impl FilingIds {
    /// Gives ids to the parts in document order; `None` when `ids` is too short.
    pub fn assign(filing: &RelayFiling, ids: &[i64], known: &KnownIds) -> Option<Self> {
        let mut ids = ids.iter().copied();
        let mut next = |bureau: Option<i64>| Some(PartId { isp: ids.next()?, bureau });
        let organiser = next(known.organiser)?;
        let mut services = Vec::with_capacity(filing.services.len());
        let nothing = KnownService::default();
        for (index, service) in filing.services.iter().enumerate() {
            let known = known.services.get(index).unwrap_or(&nothing);
            let named = |list: &[(String, i64)], name: &str| {
                list.iter().find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, id)| *id)
            };
            let id = next(known.service)?;
            let domains = service.domains.iter().map(|domain| next(named(&known.domains, domain)));
            let domains = domains.collect::<Option<Vec<_>>>()?;
            let access = next(known.access)?;
            let addresses = service.addresses.iter();
            let addresses = addresses.map(|(first, last)| next(named(&known.addresses, &address_name(*first, *last))));
            let addresses = addresses.collect::<Option<Vec<_>>>()?;
            services.push(ServiceIds { service: id, domains, access, addresses });
        }
        Some(Self { organiser, services })
    }

    /// Every id of ours with what it belongs to and the index of its service (0 for the organiser).
    pub fn parts(&self) -> Vec<(i64, PartKind, usize)> {
        let mut parts = vec![(self.organiser.isp, PartKind::Organiser, 0)];
        for (index, service) in self.services.iter().enumerate() {
            parts.push((service.service.isp, PartKind::Service, index));
            parts.extend(service.domains.iter().map(|id| (id.isp, PartKind::Domain, index)));
            parts.push((service.access.isp, PartKind::Access, index));
            parts.extend(service.addresses.iter().map(|id| (id.isp, PartKind::Address, index)));
        }
        parts
    }
}

/// A filing with invented values that passes every local check; for tests.
#[cfg(test)]
pub(crate) fn specimen() -> RelayFiling {
    let person = |name: &str, mobile: &str, email: &str| RelayPerson {
        name: name.into(),
        id: RelayCertificate {
            kind: 2,
            number: "EXAMPLE".into(),
            address: None,
            valid_from: NaiveDate::from_ymd_opt(2019, 6, 30),
            valid_to: NaiveDate::from_ymd_opt(2039, 6, 30),
        },
        mobile: mobile.into(),
        office_phone: Some("0571-00000000".into()),
        emergency_phone: None,
        email: email.into(),
    };
    RelayFiling {
        operation: BureauOperation::AddFiling,
        organiser: RelayOrganiser {
            number: None,
            name: "示例科技有限公司".into(),
            nature: 4,
            investor: None,
            province_code: 330_000,
            city_code: 330_100,
            county_code: Some(330_108),
            address_detail: "示例路1号".into(),
            certificate: RelayCertificate {
                kind: 1,
                number: "91330000EXAMPLE001".into(),
                address: Some("示例路1号".into()),
                valid_from: None,
                valid_to: None,
            },
            principal: person("甲", "13000000000", "a@example.cn"),
            remark: None,
        },
        services: vec![RelayService {
            number: None,
            kind: ServiceKind::Website,
            name: "示例科技".into(),
            domains: vec!["example.cn".into()],
            home_url: Some("www.example.cn".into()),
            contents: vec![8],
            languages: vec![1],
            pre_approvals: vec![],
            principal: person("乙", "13000000001", "b@example.cn"),
            access_methods: vec![5],
            server_places: vec![34],
            addresses: vec![(3_221_225_985, 3_221_225_985)],
            apps: vec![],
            mini_program_platforms: vec![],
            remark: None,
        }],
        cancellation: None,
        attachments: vec![Attachment { purpose: 1, owner: AttachmentOwner::Service(0), jpeg: b"ABC".to_vec() }],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_part_gets_its_own_id() {
        let mut filing = specimen();
        filing.services.push(filing.services[0].clone());
        filing.services[1].addresses.push((1, 2));
        assert_eq!(filing.ids_needed(), 10);
        let ids: Vec<i64> = (1..=10).collect();
        let assigned = FilingIds::assign(&filing, &ids, &KnownIds::default()).unwrap();
        let parts: Vec<i64> = assigned.parts().iter().map(|(id, _, _)| *id).collect();
        assert_eq!(parts, ids);
        assert_eq!(FilingIds::assign(&filing, &ids[..9], &KnownIds::default()), None);
    }

    #[test]
    fn what_is_on_record_also_carries_the_bureaus_ids() {
        let known = KnownIds {
            organiser_number: None,
            organiser: Some(91),
            services: vec![KnownService {
                number: Some("蜀ICP备2026000001号-1".into()),
                service: Some(92),
                access: Some(93),
                domains: vec![("EXAMPLE.cn".into(), 94)],
                addresses: vec![(address_name(1, 2), 95)],
            }],
        };
        let ids = FilingIds::assign(&specimen(), &[1, 2, 3, 4, 5], &known).unwrap();
        let service = &ids.services[0];
        assert_eq!((ids.organiser.bureau, service.service.bureau), (Some(91), Some(92)));
        assert_eq!((service.access.bureau, service.domains[0].bureau), (Some(93), Some(94)));
        assert_eq!(service.addresses[0].bureau, None, "another range is a new one");
        let mut filing = specimen();
        (filing.organiser.number, filing.services[0].number) = (Some("川ICP备2026000001号".into()), None);
        filing.name_as_bureau(&known);
        assert_eq!(filing.organiser.number.as_deref(), Some("川ICP备2026000001号"), "nobody knows the bureau's");
        assert_eq!(filing.services[0].number.as_deref(), Some("蜀ICP备2026000001号-1"));
    }

    #[test]
    fn debug_shows_nothing_personal() {
        assert_eq!(format!("{:?}", specimen()), "RelayFiling(…)");
        assert_eq!(format!("{:?}", specimen().organiser.principal), "RelayPerson(…)");
    }
}
