//! Everything that can be said about a filing before it is handed in: its form, the rules, what is on record
//! ([`conflicts`]), identifiers, and what a machine can mend ([`mend`]).

pub mod conflicts;
pub mod mend;

use icp_domain::identifiers::{CitizenId, IdentifierError, Landline, MobileNumber, RegistrationNumber, Uscc};
use icp_domain::{CERTIFICATE_BUSINESS_LICENCE, CERTIFICATE_CITIZEN_ID, Filing, Finding, Severity, Stage};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::problem::FieldError;
use mend::Place;

/// A field that is not as the form wants it.
const CODE_FORM: &str = "F01";
/// A field that is understood, but not written as usual.
const CODE_SPELLING: &str = "F02";
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

/// All findings at once: `form` and `judged` are what the form and the rules say, `recorded` what is on record.
pub fn all(filing: &Filing, form: Vec<FieldError>, judged: Vec<Finding>, recorded: Vec<Finding>) -> Vec<Checked> {
    let mut findings: Vec<Finding> = form.into_iter().map(of_form).chain(recorded).chain(judged).collect();
    for identifier in identifiers(filing) {
        if findings.iter().all(|known| known.field != identifier.field) {
            findings.push(identifier);
        }
    }
    let mended = mend::mended(filing);
    for (field, _) in &mended {
        if findings.iter().all(|known| known.field != *field) {
            findings.push(spelling(field));
        }
    }
    findings
        .into_iter()
        .map(|finding| {
            let mended = mended.iter().find(|(field, _)| *field == finding.field).map(|(_, value)| value.clone());
            Checked { finding, mended }
        })
        .collect()
}

fn of_form(error: FieldError) -> Finding {
    Finding {
        code: CODE_FORM.to_owned(),
        stage: Stage::Rules,
        severity: Severity::Block,
        message_zh: format!("填写不合格式：{}", error.reason),
        message_en: error.reason,
        field: error.field,
        remedy: error.remedy,
        source: None,
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
        source: None,
    }
}

/// Identifiers whose form or check character is wrong.
fn identifiers(filing: &Filing) -> Vec<Finding> {
    let mut findings = Vec::new();
    mend::walk(filing, &mut |field, text, place| {
        let (code, verdict) = match place {
            Place::Certificate(kind) => ("S01", certificate(kind, text)),
            Place::Mobile => ("T02", MobileNumber::parse(text).map(drop)),
            Place::Phone => ("T04", MobileNumber::parse(text).map(drop).or_else(|_| Landline::parse(text).map(drop))),
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
                source: None,
            });
        }
    });
    findings
}

fn certificate(kind: u16, number: &str) -> Result<(), IdentifierError> {
    match kind {
        CERTIFICATE_CITIZEN_ID => CitizenId::parse(number).map(drop),
        CERTIFICATE_BUSINESS_LICENCE if number.len() == OLD_LICENCE_LENGTH => {
            RegistrationNumber::parse(number).map(drop)
        }
        CERTIFICATE_BUSINESS_LICENCE => Uscc::parse(number).map(drop),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
