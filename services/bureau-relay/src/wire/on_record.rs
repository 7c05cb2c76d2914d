//! What the filed data of the bureau (BASJ) says of an organiser and its services, as far as it can be compared.

use super::download::{number, text};
use super::xml::Element;

/// An organiser with its services, as filed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct OnRecord {
    /// `Baxh`
    pub number: String,
    /// `Ztid`
    pub id: Option<i64>,
    /// `Dwmc`
    pub name: String,
    /// `Dwxz`
    pub nature: u32,
    /// `Zjlx`
    pub certificate_kind: u32,
    /// `Zjhm`
    pub certificate_number: String,
    /// `Wz_xx`
    pub services: Vec<ServiceOnRecord>,
}

/// A service of it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ServiceOnRecord {
    /// `Baxh`
    pub number: String,
    /// `Wzid`
    pub id: Option<i64>,
    /// `Wzmc`
    pub name: String,
    /// `Ym`
    pub domains: Vec<String>,
    /// `Jr_xx`
    pub accesses: Vec<AccessOnRecord>,
}

/// An access of it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct AccessOnRecord {
    /// `Ispid`: the provider.
    pub provider: Option<i64>,
    /// `Qsip` and `Zzip` of each range.
    pub addresses: Vec<(u32, u32)>,
}

impl AccessOnRecord {
    fn is_through(&self, isp_id: i64) -> bool {
        self.provider.is_none_or(|provider| provider == isp_id)
    }
}

impl std::fmt::Debug for OnRecord {
    /// Shows nothing personal.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "OnRecord({}, {} services)", self.number, self.services.len())
    }
}

impl ServiceOnRecord {
    /// Whether this provider connects it. What has no access, such as a mini-program, is the provider's that the
    /// bureau sends it to.
    pub fn is_connected_by(&self, isp_id: i64) -> bool {
        self.accesses.is_empty() || self.accesses.iter().any(|access| access.is_through(isp_id))
    }

    /// The addresses through this provider.
    pub fn addresses_by(&self, isp_id: i64) -> impl Iterator<Item = (u32, u32)> + '_ {
        let own = self.accesses.iter().filter(move |access| access.is_through(isp_id));
        own.flat_map(|access| access.addresses.iter().copied())
    }
}

/// Reads one `Baxx`.
pub(super) fn read(element: &Element) -> OnRecord {
    let said = |of: Option<&Element>, name: &str| of.and_then(|it| text(it, name)).unwrap_or_default();
    let organiser = element.child("Zt_xx");
    let certificate = organiser.and_then(|it| it.child("Zj"));
    OnRecord {
        number: said(organiser, "Baxh"),
        id: organiser.and_then(|it| number(it, "Ztid")),
        name: said(organiser, "Dwmc"),
        nature: organiser.and_then(|it| number(it, "Dwxz")).unwrap_or_default(),
        certificate_kind: certificate.and_then(|it| number(it, "Zjlx")).unwrap_or_default(),
        certificate_number: said(certificate, "Zjhm"),
        services: element.children_named("Wz_xx").map(read_service).collect(),
    }
}

fn read_service(element: &Element) -> ServiceOnRecord {
    let accesses = element.children_named("Jr_xx").map(|access| {
        let ranges =
            access.children_named("Ip_xx").filter_map(|range| Some((number(range, "Qsip")?, number(range, "Zzip")?)));
        AccessOnRecord { provider: number(access, "Ispid"), addresses: ranges.collect() }
    });
    ServiceOnRecord {
        number: text(element, "Baxh").unwrap_or_default(),
        id: number(element, "Wzid"),
        name: text(element, "Wzmc").unwrap_or_default(),
        domains: element.children_named("Ym_xx").filter_map(|domain| text(domain, "Ym")).collect(),
        accesses: accesses.collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::charset::gbk_xml;
    use super::super::download::{self, Block};

    const OWN: i64 = 330_000_000_001;

    #[test]
    fn a_record_is_read_with_its_data() {
        let blocks = download::read(&gbk_xml(include_str!("golden/filed.xml"))).unwrap();
        let Some(Block::Filed(records)) = blocks.last() else { panic!("{blocks:?}") };
        let record = &records[0].on_record;
        assert_eq!((record.name.as_str(), record.nature, record.id), ("示例科技有限公司", 4, Some(900_001)));
        assert_eq!((record.certificate_kind, record.certificate_number.as_str()), (1, "91330000EXAMPLE001"));
        let service = &record.services[0];
        assert_eq!((service.name.as_str(), service.domains.as_slice()), ("示例科技", &["example.cn".to_owned()][..]));
        assert!(service.is_connected_by(OWN) && !service.is_connected_by(OWN + 1));
        assert_eq!(service.addresses_by(OWN).collect::<Vec<_>>(), [(3_221_225_985, 3_221_225_985)]);
        assert!(!format!("{record:?}").contains("示例"), "{record:?}");
    }
}
