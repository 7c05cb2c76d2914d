//! What is on record: organisers, their services, the accesses of each, with ids and numbers. Data is kept as the
//! elements of the filed data (BASJ), so that it is sent as it is stored.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::filed::{self, NewIds};
use super::records::FilingNumber;
use super::request::{Named, Request};
use super::xml::Element;
use super::{Finding, province};

/// An organiser on record.
#[derive(Debug, Clone)]
pub struct Organiser {
    /// Filing number.
    pub number: FilingNumber,
    /// Certificate: type and number.
    pub certificate: (u32, String),
    /// Province.
    pub province_code: u32,
    /// Services that it has.
    pub services: Vec<u64>,
    /// Who gave it an id (`IspZtid`).
    pub isp_id: u64,
    next_ordinal: u32,
    xml: String,
}

impl Organiser {
    /// `Zt_xx` as filed.
    pub fn data(&self) -> Element {
        Element::parse(&self.xml).unwrap_or_default()
    }
}

/// A service on record.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its organiser.
    pub organiser: u64,
    /// Its own part of the number, e.g. `-2A`.
    pub suffix: String,
    /// Its name.
    pub name: String,
    /// Its domains, lower case.
    pub domains: Vec<String>,
    /// Id and provider of each access.
    pub accesses: Vec<(u64, u64)>,
    /// Who gave it an id (`IspWzid`).
    pub isp_id: u64,
    xml: String,
}

impl Service {
    /// `Wz_xx` as filed.
    pub fn data(&self) -> Element {
        Element::parse(&self.xml).unwrap_or_default()
    }

    /// Whether this provider connects it. Mini-programs have no access: whoever filed them serves them.
    pub fn is_served_by(&self, isp_id: u64) -> bool {
        if self.accesses.is_empty() { self.isp_id == isp_id } else { self.accesses.iter().any(|(_, of)| *of == isp_id) }
    }
}

/// Names that an officer has put right.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// Of the organiser.
    #[serde(default)]
    pub organiser_name: Option<String>,
    /// Of services, by number.
    #[serde(default)]
    pub service_names: BTreeMap<String, String>,
    /// How the provider learns of it.
    #[serde(default)]
    pub sent_as: SentAs,
}

/// How a record comes to a provider that did not ask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum SentAs {
    /// All that is on record is sent again.
    #[default]
    #[serde(rename = "SJTB")]
    Resent,
    /// As filed data, like after an order.
    #[serde(rename = "BASJ")]
    Filed,
}

/// The element with another text in one of its children.
fn renamed(mut element: Element, tag: &str, name: &str) -> Element {
    for child in element.children.iter_mut().filter(|child| child.name == tag) {
        child.text = name.to_owned();
    }
    element
}

/// What a status query finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Name of the service, only for a domain.
    pub service_name: Option<String>,
    /// Number of the organiser.
    pub organiser_number: String,
    /// Number of the service, only for a domain.
    pub service_number: Option<String>,
}

/// What a request is about, once it was found on record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// The organiser.
    pub organiser: Option<u64>,
    /// The services, one for each of the request's.
    pub services: Vec<u64>,
    /// The access that is cancelled.
    pub access: Option<u64>,
}

/// Everything on record.
#[derive(Debug, Default)]
pub struct OnRecord {
    organisers: HashMap<u64, Organiser>,
    services: HashMap<u64, Service>,
    organisers_by_number: HashMap<String, u64>,
    services_by_number: HashMap<String, u64>,
    by_certificate: HashMap<(u32, String), u64>,
    by_domain: HashMap<String, u64>,
    by_access: HashMap<u64, u64>,
    /// Ids and numbers of what was deregistered.
    gone: HashSet<String>,
    serials: HashMap<u32, u32>,
    new_ids: NewIds,
}

/// What a decision changed.
#[derive(Debug, Default)]
pub struct Applied {
    /// Number of the organiser, then of each service that was touched.
    pub numbers: Vec<String>,
    /// The filed data to send; a removal has none.
    pub filed: Option<Element>,
    /// Notices of removal for other providers: kind (Zxlb), id, provider.
    pub removals: Vec<(u8, u64, u64)>,
}

impl OnRecord {
    /// The organiser with this id.
    pub fn organiser(&self, id: u64) -> Option<&Organiser> {
        self.organisers.get(&id)
    }

    /// The service with this id.
    pub fn service(&self, id: u64) -> Option<&Service> {
        self.services.get(&id)
    }

    /// The service with this domain.
    pub fn service_with_domain(&self, domain: &str) -> Option<u64> {
        self.by_domain.get(&domain.to_lowercase()).copied()
    }

    /// The organiser with this certificate.
    pub fn organiser_with_certificate(&self, certificate: &(u32, String)) -> Option<u64> {
        self.by_certificate.get(certificate).copied()
    }

    /// Full number of a service.
    pub fn service_number(&self, id: u64) -> Option<String> {
        let service = self.services.get(&id)?;
        let organiser = self.organisers.get(&service.organiser)?;
        Some(format!("{}{}", organiser.number.organiser, service.suffix))
    }

    /// Answers a status query about a domain.
    pub fn find_domain(&self, domain: &str) -> Option<Found> {
        let id = self.service_with_domain(domain)?;
        let service = self.services.get(&id)?;
        let organiser = self.organisers.get(&service.organiser)?;
        Some(Found {
            service_name: Some(service.name.clone()),
            organiser_number: organiser.number.organiser.clone(),
            service_number: self.service_number(id),
        })
    }

    /// Answers a status query about a certificate.
    pub fn find_certificate(&self, kind: u32, number: &str) -> Option<Found> {
        let id = self.organiser_with_certificate(&(kind, number.to_uppercase()))?;
        let organiser_number = self.organisers.get(&id)?.number.organiser.clone();
        Some(Found { service_name: None, organiser_number, service_number: None })
    }

    /// Finds what a request names; what is not on record, or not any more, comes back as findings.
    pub fn resolve(&self, request: &Request) -> Result<Targets, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut targets = Targets::default();
        if request.named_organiser != Named::default() {
            let named = &request.named_organiser;
            match lookup(named, &self.organisers_by_number, |id| self.organisers.contains_key(&id)) {
                Some(id) => targets.organiser = Some(id),
                None if self.is_gone(named) => findings.push(Finding::new(1049, "主体已注销")),
                None => findings.push(Finding::new(1016, "数据在备案库不存在：主体")),
            }
        }
        for named in &request.named_services {
            match lookup(named, &self.services_by_number, |id| self.services.contains_key(&id)) {
                Some(id) => targets.services.push(id),
                None if self.is_gone(named) => findings.push(Finding::new(1050, "网站已注销")),
                None => findings.push(Finding::new(1016, "数据在备案库不存在：网站")),
            }
        }
        if let Some(access) = request.named_access {
            match self.by_access.get(&access) {
                Some(service) => {
                    targets.access = Some(access);
                    targets.services.push(*service);
                }
                None => findings.push(Finding::new(1016, "数据在备案库不存在：接入")),
            }
        }
        if targets.organiser.is_none() {
            let first = targets.services.first().and_then(|id| self.services.get(id));
            targets.organiser = first.map(|service| service.organiser);
        }
        if findings.is_empty() { Ok(targets) } else { Err(findings) }
    }

    fn is_gone(&self, named: &Named) -> bool {
        let id = named.id.map(|id| id.to_string());
        id.iter().chain(&named.number).any(|name| self.gone.contains(name))
    }

    /// A new organiser with its services.
    pub fn file(&mut self, request: &Request, now: DateTime<Utc>) -> Applied {
        let id = self.new_ids.take();
        let province_code = request.province_code.unwrap_or(0);
        let number = self.next_number(province_code, now);
        let certificate = request.certificate.clone().unwrap_or_default();
        let data = filed::organiser(&request.organiser, id, &number.organiser, now);
        self.organisers_by_number.insert(number.organiser.clone(), id);
        self.by_certificate.insert(certificate.clone(), id);
        let organiser = Organiser {
            number,
            certificate,
            province_code,
            services: Vec::new(),
            isp_id: request.isp_id,
            next_ordinal: 1,
            xml: data.to_xml(),
        };
        self.organisers.insert(id, organiser);
        self.add_services(id, request)
    }

    /// More services of an organiser.
    pub fn add_services(&mut self, organiser_id: u64, request: &Request) -> Applied {
        let mut added = Vec::new();
        for uploaded in &request.services {
            let Some(organiser) = self.organisers.get_mut(&organiser_id) else { break };
            let suffix = format!("-{}{}", organiser.next_ordinal, filed::kind_letter(uploaded));
            organiser.next_ordinal += 1;
            let number = format!("{}{suffix}", organiser.number.organiser);
            let id = self.new_ids.take();
            organiser.services.push(id);
            let data = filed::new_service(uploaded, id, &number, request.isp_id, &mut self.new_ids);
            let service = Service {
                organiser: organiser_id,
                suffix,
                name: String::new(),
                domains: Vec::new(),
                accesses: Vec::new(),
                isp_id: request.isp_id,
                xml: String::new(),
            };
            self.services.insert(id, service);
            self.services_by_number.insert(number, id);
            self.put(id, &data);
            added.push(id);
        }
        self.told(organiser_id, &added, request.isp_id)
    }

    /// New accesses (or platforms of mini-programs) of services on record.
    pub fn add_accesses(&mut self, targets: &Targets, request: &Request) -> Applied {
        for (id, uploaded) in targets.services.iter().zip(&request.services) {
            let Some(service) = self.services.get(id) else { continue };
            let data = filed::with_access(service.data(), uploaded, request.isp_id, &mut self.new_ids);
            self.put(*id, &data);
        }
        self.told(targets.organiser.unwrap_or(0), &targets.services, request.isp_id)
    }

    /// Changed data of an organiser, of services, or of both. Another province gives another number.
    pub fn change(&mut self, targets: &Targets, request: &Request, now: DateTime<Utc>) -> Applied {
        let organiser_id = targets.organiser.unwrap_or(0);
        let mut touched = targets.services.clone();
        if request.organiser.child("Dwmc").is_some() && self.change_organiser(organiser_id, request, now) {
            touched = self.organisers.get(&organiser_id).map(|it| it.services.clone()).unwrap_or_default();
        }
        for (id, uploaded) in targets.services.iter().zip(&request.services) {
            let Some(service) = self.services.get(id) else { continue };
            let data = filed::changed_service(service.data(), uploaded, request.isp_id, &mut self.new_ids);
            self.put(*id, &data);
        }
        self.told(organiser_id, &touched, request.isp_id)
    }

    /// Returns whether the number is another one now.
    fn change_organiser(&mut self, id: u64, request: &Request, now: DateTime<Utc>) -> bool {
        let Some(organiser) = self.organisers.get(&id) else { return false };
        let moved = request.province_code.filter(|code| *code != organiser.province_code);
        let number = match moved {
            Some(province_code) => self.next_number(province_code, now),
            None => organiser.number.clone(),
        };
        let Some(organiser) = self.organisers.get_mut(&id) else { return false };
        let data = filed::changed_organiser(&organiser.data(), &request.organiser, &number.organiser, now);
        organiser.xml = data.to_xml();
        if let Some(certificate) = &request.certificate {
            self.by_certificate.remove(&organiser.certificate);
            self.by_certificate.insert(certificate.clone(), id);
            organiser.certificate = certificate.clone();
        }
        let Some(province_code) = moved else { return false };
        let old = std::mem::replace(&mut organiser.number, number.clone());
        organiser.province_code = province_code;
        self.organisers_by_number.remove(&old.organiser);
        self.organisers_by_number.insert(number.organiser.clone(), id);
        for service_id in organiser.services.clone() {
            self.renumber(service_id, &format!("{}{}", old.organiser, self.suffix(service_id)));
        }
        true
    }

    /// Services with their accesses go to another organiser.
    pub fn migrate(&mut self, targets: &Targets, request: &Request) -> Applied {
        let organiser_id = targets.organiser.unwrap_or(0);
        for (id, uploaded) in targets.services.iter().zip(&request.services) {
            let old_number = self.service_number(*id).unwrap_or_default();
            let Some(service) = self.services.get_mut(id) else { continue };
            let data = filed::changed_service(service.data(), uploaded, request.isp_id, &mut self.new_ids);
            if let Some(former) = self.organisers.get_mut(&service.organiser) {
                former.services.retain(|of| of != id);
            }
            if let Some(organiser) = self.organisers.get_mut(&organiser_id) {
                service.organiser = organiser_id;
                service.suffix = format!("-{}{}", organiser.next_ordinal, filed::kind_letter(&data));
                organiser.next_ordinal += 1;
                organiser.services.push(*id);
            }
            self.put(*id, &data);
            self.renumber(*id, &old_number);
        }
        self.told(organiser_id, &targets.services, request.isp_id)
    }

    fn suffix(&self, service_id: u64) -> String {
        self.services.get(&service_id).map(|service| service.suffix.clone()).unwrap_or_default()
    }

    fn renumber(&mut self, id: u64, old_number: &str) {
        let Some(number) = self.service_number(id) else { return };
        self.services_by_number.remove(old_number);
        self.services_by_number.insert(number.clone(), id);
        if let Some(service) = self.services.get_mut(&id) {
            service.xml = filed::with_text(service.data(), "Baxh", &number).to_xml();
        }
    }

    /// Takes an organiser off with all its services.
    pub fn remove_organiser(&mut self, id: u64, isp_id: u64) -> Applied {
        let Some(organiser) = self.organisers.remove(&id) else { return Applied::default() };
        let mut applied = Applied { numbers: vec![organiser.number.organiser.clone()], ..Applied::default() };
        self.by_certificate.remove(&organiser.certificate);
        self.organisers_by_number.remove(&organiser.number.organiser);
        self.gone.extend([id.to_string(), organiser.number.organiser.clone()]);
        let mut told = HashSet::from([isp_id]);
        for service_id in organiser.services {
            let number = format!("{}{}", organiser.number.organiser, self.suffix(service_id));
            for provider in self.forget_service(service_id, &number) {
                if told.insert(provider) {
                    applied.removals.push((0, id, provider));
                }
            }
        }
        applied
    }

    /// Takes a service off; its organiser stays.
    pub fn remove_service(&mut self, id: u64, isp_id: u64) -> Applied {
        let number = self.service_number(id).unwrap_or_default();
        let Some(organiser_id) = self.services.get(&id).map(|service| service.organiser) else {
            return Applied::default();
        };
        let mut applied = Applied::default();
        if let Some(organiser) = self.organisers.get_mut(&organiser_id) {
            organiser.services.retain(|of| *of != id);
            applied.numbers = vec![organiser.number.organiser.clone(), number.clone()];
        }
        let providers = self.forget_service(id, &number);
        applied.removals = providers.into_iter().filter(|of| *of != isp_id).map(|of| (1, id, of)).collect();
        applied
    }

    /// Returns who connected it.
    fn forget_service(&mut self, id: u64, number: &str) -> Vec<u64> {
        let Some(service) = self.services.remove(&id) else { return Vec::new() };
        self.services_by_number.remove(number);
        self.gone.extend([id.to_string(), number.to_owned()]);
        for domain in &service.domains {
            self.by_domain.remove(domain);
        }
        for (access, _) in &service.accesses {
            self.by_access.remove(access);
        }
        service.accesses.iter().map(|(_, provider)| *provider).collect()
    }

    /// Takes one access off; the service stays filed.
    pub fn remove_access(&mut self, access: u64) -> Applied {
        let Some(id) = self.by_access.get(&access).copied() else { return Applied::default() };
        let Some(service) = self.services.get(&id) else { return Applied::default() };
        let organiser = self.organisers.get(&service.organiser).map(|it| it.number.organiser.clone());
        let data = filed::without_access(service.data(), access);
        self.put(id, &data);
        let numbers = organiser.into_iter().chain(self.service_number(id)).collect();
        Applied { numbers, ..Applied::default() }
    }

    /// Stores a service's data and brings the indexes up to date.
    fn put(&mut self, id: u64, data: &Element) {
        let Some(service) = self.services.get_mut(&id) else { return };
        for domain in &service.domains {
            self.by_domain.remove(domain);
        }
        for (access, _) in &service.accesses {
            self.by_access.remove(access);
        }
        let domains = data.all("Ym_xx").filter_map(|it| it.text_at("Ym"));
        service.domains = domains.map(str::to_lowercase).collect();
        let number = |element: &Element, tag: &str| element.text_at(tag).and_then(|text| text.parse::<u64>().ok());
        let accesses = data.all("Jr_xx").filter_map(|it| Some((number(it, "Jrid")?, number(it, "Ispid")?)));
        service.accesses = accesses.collect();
        service.name = data.text_at("Wzmc").unwrap_or_default().to_owned();
        service.xml = data.to_xml();
        for domain in &service.domains {
            self.by_domain.insert(domain.clone(), id);
        }
        for (access, _) in &service.accesses {
            self.by_access.insert(*access, id);
        }
    }

    /// The filed data of an organiser and of the services that were touched, as this provider sees it.
    fn told(&self, organiser_id: u64, touched: &[u64], isp_id: u64) -> Applied {
        let Some(organiser) = self.organisers.get(&organiser_id) else { return Applied::default() };
        let mut record = Element::new("Baxx");
        record.children.push(filed::seen_by(organiser.data(), organiser.isp_id == isp_id, isp_id));
        for service in touched.iter().filter_map(|id| self.services.get(id)) {
            record.children.push(filed::seen_by(service.data(), service.isp_id == isp_id, isp_id));
        }
        let numbers = std::iter::once(organiser.number.organiser.clone());
        let numbers = numbers.chain(touched.iter().filter_map(|id| self.service_number(*id)));
        Applied { numbers: numbers.collect(), filed: Some(record), removals: Vec::new() }
    }

    /// The filed data of the organiser with this number, as its own provider sees it.
    pub fn filed_data(&self, number: &str) -> Option<Element> {
        let id = *self.organisers_by_number.get(number)?;
        let organiser = self.organisers.get(&id)?;
        self.told(id, &organiser.services, organiser.isp_id).filed
    }

    /// Gives an organiser, and services of it, the names that an officer has put right; tells what was not found.
    pub fn correct(&mut self, number: &str, correction: &Correction) -> Result<(), String> {
        let unknown = |number: &str| format!("{number} is not on record");
        let id = *self.organisers_by_number.get(number).ok_or_else(|| unknown(number))?;
        let services = correction.service_names.iter().map(|(number, name)| {
            let service = self
                .services_by_number
                .get(number)
                .filter(|service| self.services.get(service).is_some_and(|service| service.organiser == id));
            service.map(|service| (*service, name)).ok_or_else(|| unknown(number))
        });
        let services: Vec<(u64, &String)> = services.collect::<Result<_, _>>()?;
        for (service, name) in services {
            let Some(known) = self.services.get(&service) else { continue };
            let data = renamed(known.data(), "Wzmc", name);
            self.put(service, &data);
        }
        if let (Some(name), Some(organiser)) = (&correction.organiser_name, self.organisers.get_mut(&id)) {
            organiser.xml = renamed(organiser.data(), "Dwmc", name).to_xml();
        }
        Ok(())
    }

    /// Who filed the organiser with this number, and its filed data.
    pub fn resent(&self, number: &str) -> Option<(u64, Element)> {
        let organiser = self.organisers.get(self.organisers_by_number.get(number)?)?;
        Some((organiser.isp_id, self.filed_data(number)?))
    }

    fn next_number(&mut self, province_code: u32, now: DateTime<Utc>) -> FilingNumber {
        let serial = self.serials.entry(province_code).or_default();
        *serial += 1;
        let abbreviation = province::by_code(province_code).map_or("京", |it| it.abbreviation);
        FilingNumber::new(abbreviation, *serial, now)
    }
}

fn lookup(named: &Named, by_number: &HashMap<String, u64>, exists: impl Fn(u64) -> bool) -> Option<u64> {
    match (named.id, &named.number) {
        (Some(id), Some(number)) => (by_number.get(number) == Some(&id)).then_some(id),
        (Some(id), None) => exists(id).then_some(id),
        (None, Some(number)) => by_number.get(number).copied(),
        (None, None) => None,
    }
}
