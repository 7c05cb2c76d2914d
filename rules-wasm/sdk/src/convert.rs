//! From the platform's filing to the contract's order, and from the contract's finding to the platform's.

use chrono::{Datelike, NaiveDate};

use crate as sdk;
use crate::national::ALL_TYPES;

impl From<NaiveDate> for sdk::Date {
    fn from(date: NaiveDate) -> Self {
        Self {
            year: u16::try_from(date.year()).unwrap_or(if date.year() < 0 { 0 } else { u16::MAX }),
            month: u8::try_from(date.month()).unwrap_or(1),
            day: u8::try_from(date.day()).unwrap_or(1),
        }
    }
}

impl From<&icp_domain::Filing> for sdk::Order {
    fn from(filing: &icp_domain::Filing) -> Self {
        Self {
            order_type: filing.order_type.into(),
            province: filing.province.letters().to_owned(),
            organiser: (&filing.organiser).into(),
            services: filing.services.iter().map(Into::into).collect(),
        }
    }
}

impl From<sdk::OrderType> for icp_domain::OrderType {
    fn from(of_order: sdk::OrderType) -> Self {
        match of_order {
            sdk::OrderType::FirstFiling => Self::FirstFiling,
            sdk::OrderType::AddService => Self::AddService,
            sdk::OrderType::AddServiceElsewhere => Self::AddServiceElsewhere,
            sdk::OrderType::AddAccess => Self::AddAccess,
            sdk::OrderType::ContinueAccess => Self::ContinueAccess,
            sdk::OrderType::ChangeOrganiser => Self::ChangeOrganiser,
            sdk::OrderType::ChangeService => Self::ChangeService,
            sdk::OrderType::ChangeBoth => Self::ChangeBoth,
            sdk::OrderType::ChangeAccess => Self::ChangeAccess,
            sdk::OrderType::DeregisterOrganiser => Self::DeregisterOrganiser,
            sdk::OrderType::DeregisterService => Self::DeregisterService,
            sdk::OrderType::CancelAccess => Self::CancelAccess,
            sdk::OrderType::Migrate => Self::Migrate,
        }
    }
}

/// The type with this text form, e.g. `first_filing`.
pub fn order_type(text: &str) -> Option<sdk::OrderType> {
    let wanted = icp_domain::OrderType::parse(text)?;
    ALL_TYPES.iter().copied().find(|known| icp_domain::OrderType::from(*known) == wanted)
}

/// A type that the contract does not know is judged as a first filing, the strictest.
impl From<icp_domain::OrderType> for sdk::OrderType {
    fn from(of_filing: icp_domain::OrderType) -> Self {
        let known = ALL_TYPES.iter().copied().find(|known| icp_domain::OrderType::from(*known) == of_filing);
        known.unwrap_or(Self::FirstFiling)
    }
}

impl From<&icp_domain::Organiser> for sdk::Organiser {
    fn from(organiser: &icp_domain::Organiser) -> Self {
        Self {
            name: organiser.name.clone(),
            nature: organiser.nature,
            certificate: (&organiser.certificate).into(),
            investor: organiser.investor.clone(),
            address: sdk::Address {
                province_code: organiser.address.province_code,
                city_code: organiser.address.city_code,
                county_code: organiser.address.county_code,
                detail: organiser.address.detail.clone(),
            },
            principal: (&organiser.principal).into(),
            remark: organiser.remark.clone(),
            legal_representative: None,
        }
    }
}

impl From<&icp_domain::Certificate> for sdk::Certificate {
    fn from(certificate: &icp_domain::Certificate) -> Self {
        Self {
            kind: certificate.kind,
            number: certificate.number.clone(),
            address: certificate.address.clone(),
            valid_to: certificate.valid_to.map(Into::into),
            valid_from: certificate.valid_from.map(Into::into),
        }
    }
}

impl From<&icp_domain::Person> for sdk::Person {
    fn from(person: &icp_domain::Person) -> Self {
        Self {
            name: person.name.clone(),
            id: (&person.id).into(),
            mobile: person.mobile.clone(),
            emergency_phone: person.emergency_phone.clone(),
            office_phone: person.office_phone.clone(),
            email: person.email.clone(),
        }
    }
}

impl From<icp_domain::ServiceKind> for sdk::ServiceKind {
    fn from(kind: icp_domain::ServiceKind) -> Self {
        match kind {
            icp_domain::ServiceKind::Website => Self::Website,
            icp_domain::ServiceKind::App => Self::App,
            icp_domain::ServiceKind::MiniProgram => Self::MiniProgram,
            icp_domain::ServiceKind::QuickApp => Self::QuickApp,
        }
    }
}

impl From<&icp_domain::InternetService> for sdk::InternetService {
    fn from(service: &icp_domain::InternetService) -> Self {
        let pre_approval = |licence: &icp_domain::PreApproval| sdk::PreApproval {
            category: licence.category,
            number: licence.number.clone(),
        };
        Self {
            kind: service.kind.into(),
            name: service.name.clone(),
            domains: service.domains.clone(),
            home_url: service.home_url.clone(),
            contents: service.contents.clone(),
            languages: service.languages.clone(),
            pre_approvals: service.pre_approvals.iter().map(pre_approval).collect(),
            principal: (&service.principal).into(),
            access: sdk::Access {
                methods: service.access.methods.clone(),
                server_places: service.access.server_places.clone(),
                addresses: service.access.addresses.clone(),
            },
            remark: service.remark.clone(),
            platforms: None,
        }
    }
}

impl sdk::Context {
    /// Nothing is known but the date: what an applicant's draft is judged by.
    pub fn on(today: sdk::Date) -> Self {
        Self { today, ..Self::default() }
    }
}

/// Values to start from: `Context { today, ..Context::default() }`.
macro_rules! defaults {
    ($($kind:ident { $($field:ident),* $(,)? })*) => {
        $(impl Default for sdk::$kind {
            fn default() -> Self {
                Self { $($field: Default::default()),* }
            }
        })*
    };
}

impl Default for sdk::Date {
    /// 1970-01-01.
    fn default() -> Self {
        Self::new(1970, 1, 1)
    }
}

impl Default for sdk::OrderType {
    fn default() -> Self {
        Self::FirstFiling
    }
}

impl Default for sdk::ServiceKind {
    fn default() -> Self {
        Self::Website
    }
}

impl Default for sdk::FooterNumber {
    fn default() -> Self {
        Self::Service
    }
}

defaults! {
    Certificate { kind, number, address, valid_to, valid_from }
    Address { province_code, city_code, county_code, detail }
    Person { name, id, mobile, emergency_phone, office_phone, email }
    LegalRepresentative { name, id_kind, id_number }
    Organiser { name, nature, certificate, investor, address, principal, remark, legal_representative }
    PreApproval { category, number }
    Access { methods, server_places, addresses }
    InternetService {
        kind, name, domains, home_url, contents, languages, pre_approvals, principal, access, remark, platforms,
    }
    Order { order_type, province, organiser, services }
    Material { kind, service, media_type, size_bytes, issued, valid_to, form, width_px, height_px }
    EnterpriseAnswer { found, name, legal_representative, status, address, business_scope, valid_to }
    DomainAnswer {
        domain, found, real_named, holder_name, expires, registrable, registrar_approved, resolves_to, open,
    }
    PhoneUse { mobile, other_organisers, province_code }
    IdUse { number, other_organisers }
    RecordedService {
        name, domains, principal_name, principal_id_number, principal_mobile, filed, open, number_shown,
    }
    OnRecord {
        name, nature, certificate_kind, certificate_number, certificate_address, investor, principal_name,
        principal_id_number, principal_mobile, province_code, services,
    }
    Context {
        today, materials, enterprise, domains, phone_uses, filed_services, orders_in_flight, filed_domains,
        on_record, id_uses, address_places, changed,
    }
    SmsReceiver { field, mobile, id_tail_zh }
    Capabilities { new_with_change, access_with_change, migrate, cross_province_change, shell_add }
    Limits {
        services_per_order, domains_per_website, picture_bytes_max, picture_media_types, age_min, document_days_min,
        domain_days_min,
    }
    RequirementsAnswer {
        documents, persons, sms_receivers, limits, footer_number, bureau_working_days, checklist, capabilities,
    }
}

impl From<sdk::Severity> for icp_domain::Severity {
    fn from(severity: sdk::Severity) -> Self {
        match severity {
            sdk::Severity::Advise => Self::Advise,
            sdk::Severity::Review => Self::Review,
            sdk::Severity::Block => Self::Block,
        }
    }
}

impl From<sdk::Finding> for icp_domain::Finding {
    fn from(finding: sdk::Finding) -> Self {
        Self {
            code: finding.code,
            stage: icp_domain::Stage::Rules,
            severity: finding.severity.into(),
            field: finding.field,
            message_zh: finding.message_zh,
            message_en: finding.message_en,
            remedy: format!("{}（{}）", finding.remedy_zh, finding.remedy_en),
            source: Some(icp_domain::FindingSource {
                title: finding.source.title,
                as_of: finding.source.as_of,
                confidence: match finding.source.confidence {
                    sdk::Confidence::High => "high",
                    sdk::Confidence::Medium => "medium",
                    sdk::Confidence::Low => "low",
                }
                .to_owned(),
            }),
        }
    }
}
