//! Records that were filed earlier, so that operations on them can be shown: through the control API.

use serde::{Deserialize, Serialize};

use super::request::{Operation, Request};
use super::xml::Element;

/// Provider of records that were filed at nobody's account here.
const ANOTHER_PROVIDER: u64 = 999_000_000_001;

/// An organiser with its services.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Name.
    pub name: String,
    /// Nature (Dwxz).
    pub nature: u32,
    /// Certificate of the organiser.
    pub certificate: Document,
    /// Code of its province, e.g. 440000.
    pub province_code: u32,
    /// Code of its city.
    pub city_code: u32,
    /// Street and number.
    pub address: String,
    /// Person in charge.
    pub principal: Person,
    /// At least one.
    pub services: Vec<ServiceRecord>,
    /// Who filed it: number of a provider; by default one that has no account here.
    #[serde(default = "another_provider")]
    pub provider: u64,
}

fn another_provider() -> u64 {
    ANOTHER_PROVIDER
}

/// Type and number of a document.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Zjlx.
    pub kind: u32,
    /// Zjhm.
    pub number: String,
}

/// A person in charge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Mobile, which receives the ministry's SMS.
    pub mobile: String,
    /// Mail address.
    pub email: String,
    /// Identity document.
    pub id: Document,
}

/// A service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceRecord {
    /// "website", "app", "mini_program" or "quick_app".
    #[serde(default)]
    pub kind: ServiceKind,
    /// Name.
    pub name: String,
    /// Domains.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Person in charge.
    pub principal: Person,
}

/// What kind of service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// Fwlx 1.
    #[default]
    Website = 1,
    /// Fwlx 6.
    App = 6,
    /// Fwlx 7.
    MiniProgram = 7,
    /// Fwlx 8.
    QuickApp = 8,
}

impl Record {
    /// The request by which it would have been filed.
    pub(super) fn to_request(&self) -> Request {
        let place = Element::new("Txdz")
            .and("Shengid", self.province_code.to_string())
            .and("Shiid", self.city_code.to_string())
            .and("Xxdz", self.address.as_str());
        let certificate = Element::new("Zj")
            .and("Zjlx", self.certificate.kind.to_string())
            .and("Zjhm", self.certificate.number.as_str())
            .and("Zjzs", self.address.as_str());
        let mut organiser = Element::new("Zt_xx").and("Dwmc", self.name.as_str()).and("Dwxz", self.nature.to_string());
        organiser.children.extend([place, certificate, person("Fzr", &self.principal)]);
        Request {
            operation: Operation::AddFiling,
            isp_id: self.provider,
            certificate: Some((self.certificate.kind, self.certificate.number.to_uppercase())),
            province_code: Some(self.province_code),
            domains: self.services.iter().flat_map(|it| &it.domains).map(|it| it.to_lowercase()).collect(),
            organiser,
            services: self.services.iter().map(service).collect(),
            ..Request::default()
        }
    }
}

fn person(tag: &str, of: &Person) -> Element {
    Element::new(tag)
        .and("Fzr_xm", of.name.as_str())
        .and("Fzr_sjhm", of.mobile.as_str())
        .and("Fzr_dzyj", of.email.as_str())
        .and("Fzr_zjlx", of.id.kind.to_string())
        .and("Fzr_zjhm", of.id.number.as_str())
}

fn service(of: &ServiceRecord) -> Element {
    let code = |group: &str, item: &str, value: u32| Element::new(group).and(item, value.to_string());
    let mut service = Element::new("Wz_xx").and("Wzmc", of.name.as_str());
    service.children.push(code("Fwnr", "Fwnr_id", 8));
    if of.kind != ServiceKind::Website {
        service = service.and("Fwlx", (of.kind as u32).to_string());
    }
    service.children.push(code("Yylb", "Yylb_id", 1));
    for domain in &of.domains {
        service.children.push(Element::new("Ym_xx").and("Ym", domain.as_str()));
    }
    if matches!(of.kind, ServiceKind::Website | ServiceKind::App) {
        let mut access = Element::new("Jr_xx");
        access.children.extend([code("Wzfb", "Fbdd", 5), code("Wzjrfs", "Jrfs", 5)]);
        // 192.0.2.250, an address for documentation.
        access.children.push(Element::new("Ip_xx").and("Qsip", "3221226234").and("Zzip", "3221226234"));
        service.children.push(access);
    }
    service.children.push(person("Wz_Fzr", &of.principal));
    service
}
