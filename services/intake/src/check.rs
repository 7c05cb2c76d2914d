//! Everything that can be said about a filing before it is handed in: its form, its entitlements, the rules, what is on
//! record ([`conflicts`]), identifiers, and what a machine can mend ([`mend`]). One examination ([`Examination`])
//! answers a dry run, the checklist, the submission and the reviewer's pass.

pub mod conflicts;
pub mod mend;
pub mod sources;

use icp_domain::identifiers::{CitizenId, IdentifierError, Landline, MobileNumber, RegistrationNumber, Uscc};
use icp_domain::{CERTIFICATE_BUSINESS_LICENCE, CERTIFICATE_CITIZEN_ID, Filing, Finding, Severity, Stage};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::problem::FieldError;
use crate::content;
use crate::order::RulesVerdict;
use crate::registered::RegisteredEnterprise;
use mend::Place;
use sources::Source;

/// A field that is not as the form wants it.
const CODE_FORM: &str = "F01";
/// A field that is understood, but not written as usual.
const CODE_SPELLING: &str = "F02";
/// An organiser that is not as its register has it.
const CODE_REGISTER: &str = "S04";
const OLD_LICENCE_LENGTH: usize = 15;

/// A finding, with the value that a machine would put in its field.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = CheckedFinding)]
pub struct Checked {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// The mended value of the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mended: Option<String>,
}

/// Everything that is found in a filing before it is handed in or passed.
#[derive(Debug)]
pub struct Examination {
    /// What keeps an order from being handed in whatever the rules say: its form, its entitlements, the virus scan.
    unfit: Vec<Finding>,
    /// What the rules say, with what the record, the provider's system and the identifiers say.
    verdict: RulesVerdict,
}

impl Examination {
    /// Adds what the filing itself shows, its form and its identifiers.
    pub fn new(filing: &Filing, unfit: Vec<Finding>, mut verdict: RulesVerdict) -> Self {
        let unfit: Vec<Finding> = content::validate(filing).into_iter().map(of_form).chain(unfit).collect();
        for identifier in identifiers(filing) {
            let is_said = |known: &Finding| known.field == identifier.field && known.severity >= identifier.severity;
            if !unfit.iter().chain(&verdict.findings).any(is_said) {
                verdict.findings.push(identifier);
            }
        }
        Self { unfit, verdict }
    }

    /// Whether the order can be handed in and judged.
    pub fn is_fit(&self) -> bool {
        self.unfit.is_empty()
    }

    /// All of it as one verdict.
    pub fn into_verdict(self) -> RulesVerdict {
        let Self { unfit, verdict } = self;
        let findings = unfit.into_iter().chain(verdict.findings).collect();
        RulesVerdict { findings, ..verdict }
    }
}

/// Findings with what a machine would put in their fields: what the register told of the organiser, else the usual
/// spelling. What nothing was found in yet is added.
pub fn with_mended(
    filing: &Filing,
    mut findings: Vec<Finding>,
    registered: Option<&RegisteredEnterprise>,
) -> Vec<Checked> {
    let told = registered.map(|known| known.differences(&filing.organiser)).unwrap_or_default();
    let spelt = mend::mended(filing);
    let added = told.iter().map(|(field, _)| unregistered(field)).chain(spelt.iter().map(|(field, _)| spelling(field)));
    for finding in added {
        if findings.iter().all(|known| known.field != finding.field) {
            findings.push(finding);
        }
    }
    findings
        .into_iter()
        .map(|finding| {
            let mended = told.iter().chain(&spelt).find(|(field, _)| *field == finding.field);
            Checked { mended: mended.map(|(_, value)| value.clone()), finding }
        })
        .collect()
}

fn of_form(error: FieldError) -> Finding {
    Finding {
        code: CODE_FORM.to_owned(),
        stage: Stage::Rules,
        severity: Severity::Block,
        message_zh: "该项未填写，或填写不符合备案系统的格式要求".to_owned(),
        message_en: error.reason,
        field: error.field,
        remedy: error.remedy,
        source: Some(sources::INTERFACE.into()),
    }
}

fn spelling(field: &str) -> Finding {
    Finding {
        code: CODE_SPELLING.to_owned(),
        stage: Stage::Rules,
        severity: Severity::Advise,
        field: field.to_owned(),
        message_zh: "书写形式不规范".to_owned(),
        message_en: "is not written in the usual form".to_owned(),
        remedy: "take over the mended value".to_owned(),
        source: Some(sources::INTERFACE.into()),
    }
}

fn unregistered(field: &str) -> Finding {
    Finding {
        code: CODE_REGISTER.to_owned(),
        stage: Stage::Authority,
        severity: Severity::Advise,
        field: field.to_owned(),
        message_zh: "与登记机关的信息不一致".to_owned(),
        message_en: "is not what the register of enterprises told at the last submission".to_owned(),
        remedy: "take over the mended value, or have the register changed first".to_owned(),
        source: Some(sources::REGISTER.into()),
    }
}

/// Identifiers whose form or check character is wrong.
fn identifiers(filing: &Filing) -> Vec<Finding> {
    let mut findings = Vec::new();
    mend::walk(filing, &mut |field, text, place| {
        let (code, source, verdict) = match place {
            Place::Certificate(kind) => match certificate(kind, text) {
                Some((source, verdict)) => ("S01", source, verdict),
                None => return,
            },
            Place::Mobile => ("T02", sources::PHONE, MobileNumber::parse(text).map(drop)),
            Place::Phone => {
                let verdict = MobileNumber::parse(text).map(drop).or_else(|_| Landline::parse(text).map(drop));
                ("T04", sources::PHONE, verdict)
            }
            _ => return,
        };
        if let Err(error) = verdict {
            // Real credit codes exist whose check character is wrong: the register decides (filing-rules §10.1).
            let is_soft = error.is_check_character() && place == Place::Certificate(CERTIFICATE_BUSINESS_LICENCE);
            findings.push(Finding {
                code: code.to_owned(),
                stage: Stage::Rules,
                severity: if is_soft { Severity::Review } else { Severity::Block },
                field,
                message_zh: "号码格式或校验位不正确".to_owned(),
                message_en: error.to_string(),
                remedy: "compare it with the document and correct it".to_owned(),
                source: Some(source.into()),
            });
        }
    });
    findings
}

/// What its standard says of a number, where there is one.
fn certificate(kind: u16, number: &str) -> Option<(Source, Result<(), IdentifierError>)> {
    match kind {
        CERTIFICATE_CITIZEN_ID => Some((sources::CITIZEN_ID, CitizenId::parse(number).map(drop))),
        CERTIFICATE_BUSINESS_LICENCE if number.len() == OLD_LICENCE_LENGTH => {
            Some((sources::REGISTRATION, RegistrationNumber::parse(number).map(drop)))
        }
        CERTIFICATE_BUSINESS_LICENCE => Some((sources::CREDIT_CODE, Uscc::parse(number).map(drop))),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
