//! The demo's input: `infra/demo/orders/*`, and generated orders.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use icp_domain::{Filing, MaterialKind, Province};

/// A filing with its pictures.
#[derive(Debug, Clone)]
pub struct OrderInput {
    /// Name for the reader.
    pub name: String,
    /// Declared content.
    pub filing: Filing,
    /// The filing after the applicant's correction, where the story has one.
    pub amended: Option<Filing>,
    /// Pictures by kind.
    pub materials: Vec<(MaterialKind, Vec<u8>)>,
}

/// Reads one of the demo's orders.
pub fn read(name: &str) -> anyhow::Result<OrderInput> {
    let folder = folder().join(name);
    let filing = read_filing(&folder.join("order.json"))?;
    let amended_file = folder.join("amended.json");
    let amended = if amended_file.is_file() { Some(read_filing(&amended_file)?) } else { None };
    let mut materials = Vec::new();
    for kind in MaterialKind::ALL {
        let picture = folder.join(format!("{}.jpg", kind.as_str()));
        if picture.is_file() {
            materials.push((kind, std::fs::read(&picture)?));
        }
    }
    Ok(OrderInput { name: name.to_owned(), filing, amended, materials })
}

/// A generated order: companies and persons of both provinces in turn.
pub fn generated(n: u32) -> OrderInput {
    let filing = match n % 4 {
        0 => icp_testkit::filings::company_filing(Province::Guangdong, n),
        1 => icp_testkit::filings::person_filing(Province::Zhejiang, n),
        2 => icp_testkit::filings::company_filing(Province::Zhejiang, n),
        _ => icp_testkit::filings::person_filing(Province::Guangdong, n),
    };
    let materials = icp_testkit::specimen::materials(&filing);
    OrderInput { name: format!("generated-{n:05}"), filing, amended: None, materials }
}

/// The picture of this kind for the service with this index, as the filing declares it.
pub fn picture(kind: MaterialKind, filing: &Filing, service: usize) -> Vec<u8> {
    let services = filing.services.get(service).cloned().into_iter().collect();
    icp_testkit::specimen::picture(kind, &Filing { services, ..filing.clone() })
}

fn read_filing(path: &Path) -> anyhow::Result<Filing> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a filing", path.display()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("orders")
}

/// What the sandbox's registers must know so that an honest filing is found true there.
pub fn register_records(filings: &[&Filing]) -> [(&'static str, serde_json::Value); 3] {
    let mut enterprises = Vec::new();
    let mut citizens = Vec::new();
    let mut domains = Vec::new();
    for filing in filings {
        let organiser = &filing.organiser;
        if !organiser.is_person() {
            enterprises.push(serde_json::json!({
                "uscc": organiser.certificate.number,
                "name": organiser.name,
                "legal_representative": organiser.principal.name,
                "status": "active",
                "registered_address": organiser.certificate.address.clone().unwrap_or_default(),
            }));
        }
        for person in std::iter::once(&organiser.principal).chain(filing.services.iter().map(|s| &s.principal)) {
            citizens.push(serde_json::json!({"name": person.name, "id_number": person.id.number}));
        }
        for domain in filing.services.iter().flat_map(|service| &service.domains) {
            domains.push(serde_json::json!({
                "domain": domain,
                "holder": organiser.name,
                "holder_certificate_number": organiser.certificate.number,
                "expires_on": "2039-12-31",
            }));
        }
    }
    [
        ("/authority/enterprises", serde_json::Value::Array(enterprises)),
        ("/authority/citizens", serde_json::Value::Array(citizens)),
        ("/authority/domains", serde_json::Value::Array(domains)),
    ]
}

/// The filing as a record at the bureau, in the form of the sandbox's `POST /bureau/records`.
pub fn bureau_record(filing: &Filing) -> serde_json::Value {
    let organiser = &filing.organiser;
    let document = |it: &icp_domain::Certificate| serde_json::json!({"kind": it.kind, "number": it.number});
    let person = |it: &icp_domain::Person| serde_json::json!({"name": it.name, "mobile": it.mobile, "email": it.email, "id": document(&it.id)});
    let services = filing.services.iter().map(|service| {
        serde_json::json!({
            "kind": service.kind,
            "name": service.name,
            "domains": service.domains,
            "principal": person(&service.principal),
        })
    });
    serde_json::json!({
        "name": organiser.name,
        "nature": organiser.nature,
        "certificate": document(&organiser.certificate),
        "province_code": organiser.address.province_code,
        "city_code": organiser.address.city_code,
        "address": organiser.address.detail,
        "principal": person(&organiser.principal),
        "services": services.collect::<Vec<_>>(),
    })
}
