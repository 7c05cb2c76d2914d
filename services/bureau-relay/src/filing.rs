//! What the relay hands to a bureau: one new filing (新增备案) with the ids that the relay gave to its parts.
//!
//! The content is personal data. It exists in clear only between unsealing a task and encrypting the
//! record that was written from it, and its types have no `Display` and a redacted `Debug`.

/// A filing that is to be written into an upload.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayFiling {
    /// The organiser (主体).
    pub organiser: RelayOrganiser,
    /// Its services, at least one.
    pub services: Vec<RelayService>,
    /// Pictures that go with it.
    pub attachments: Vec<Attachment>,
}

/// The organiser (主体).
#[derive(Clone, PartialEq, Eq)]
pub struct RelayOrganiser {
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

/// A website (the only kind of service that interface V3.0 knows).
#[derive(Clone, PartialEq, Eq)]
pub struct RelayService {
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
    /// Remark.
    pub remark: Option<String>,
}

/// A picture, already within the limits of the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Purpose (附件用途): 2 organiser's certificate, 3 organiser's principal, 4 service's principal, 5 photo.
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
redacted_debug!(RelayFiling, RelayOrganiser, RelayCertificate, RelayPerson, RelayService, Attachment);

/// Ids of the parts of one filing, all from one sequence of the relay, so that an id names its part
/// whatever kind it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilingIds {
    /// `IspZtid`
    pub organiser: i64,
    /// One per service.
    pub services: Vec<ServiceIds>,
}

/// Ids of the parts of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceIds {
    /// `IspWzid`
    pub service: i64,
    /// `IspYmid`, one per domain.
    pub domains: Vec<i64>,
    /// `IspJrid`
    pub access: i64,
    /// `IspIpid`, one per range.
    pub addresses: Vec<i64>,
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
}

impl FilingIds {
    /// Gives ids to the parts in document order; `None` when `ids` is too short.
    pub fn assign(filing: &RelayFiling, ids: &[i64]) -> Option<Self> {
        let mut ids = ids.iter().copied();
        let organiser = ids.next()?;
        let mut services = Vec::with_capacity(filing.services.len());
        for service in &filing.services {
            let id = ids.next()?;
            let domains: Vec<i64> = ids.by_ref().take(service.domains.len()).collect();
            let access = ids.next()?;
            let addresses: Vec<i64> = ids.by_ref().take(service.addresses.len()).collect();
            if domains.len() != service.domains.len() || addresses.len() != service.addresses.len() {
                return None;
            }
            services.push(ServiceIds { service: id, domains, access, addresses });
        }
        Some(Self { organiser, services })
    }

    /// Every id with what it belongs to and the index of its service (0 for the organiser).
    pub fn parts(&self) -> Vec<(i64, PartKind, usize)> {
        let mut parts = vec![(self.organiser, PartKind::Organiser, 0)];
        for (index, service) in self.services.iter().enumerate() {
            parts.push((service.service, PartKind::Service, index));
            parts.extend(service.domains.iter().map(|id| (*id, PartKind::Domain, index)));
            parts.push((service.access, PartKind::Access, index));
            parts.extend(service.addresses.iter().map(|id| (*id, PartKind::Address, index)));
        }
        parts
    }
}

/// A filing with invented values that passes every local check; for tests.
#[cfg(test)]
pub(crate) fn specimen() -> RelayFiling {
    let person = |name: &str, mobile: &str, email: &str| RelayPerson {
        name: name.into(),
        id: RelayCertificate { kind: 2, number: "EXAMPLE".into(), address: None },
        mobile: mobile.into(),
        office_phone: Some("0571-00000000".into()),
        emergency_phone: None,
        email: email.into(),
    };
    RelayFiling {
        organiser: RelayOrganiser {
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
            },
            principal: person("甲", "13000000000", "a@example.cn"),
            remark: None,
        },
        services: vec![RelayService {
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
            remark: None,
        }],
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
        let assigned = FilingIds::assign(&filing, &ids).unwrap();
        let parts: Vec<i64> = assigned.parts().iter().map(|(id, _, _)| *id).collect();
        assert_eq!(parts, ids);
        assert_eq!(FilingIds::assign(&filing, &ids[..9]), None);
    }

    #[test]
    fn debug_shows_nothing_personal() {
        assert_eq!(format!("{:?}", specimen()), "RelayFiling(…)");
        assert_eq!(format!("{:?}", specimen().organiser.principal), "RelayPerson(…)");
    }
}
