//! From the platform's filing to the contract's order, and from the contract's finding to the platform's.

use chrono::{Datelike, NaiveDate};

use crate as sdk;

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

/// Kinds of order that the contract does not know are carried as the one that no rule book accepts today, so
/// that they are reviewed and never judged by the wrong rules.
impl From<icp_domain::OrderType> for sdk::OrderType {
    fn from(order_type: icp_domain::OrderType) -> Self {
        match order_type {
            icp_domain::OrderType::FirstFiling => Self::FirstFiling,
            _ => Self::Migrate,
        }
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
        }
    }
}

impl sdk::Context {
    /// Nothing is known but the date: what an applicant's draft is judged by.
    pub fn on(today: sdk::Date) -> Self {
        Self {
            today,
            materials: None,
            enterprise: None,
            domains: Vec::new(),
            phone_uses: Vec::new(),
            filed_services: None,
            orders_in_flight: None,
        }
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
