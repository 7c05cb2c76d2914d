//! What the bureau's result codes mean for the applicant. The bureau's own words are kept elsewhere, encrypted.

use icp_domain::{Finding, Severity, Stage};

/// One finding per result code (Jgdm of the interface document).
pub(super) fn findings(codes: &[u32], sms_timeout: bool) -> Vec<Finding> {
    codes.iter().map(|code| if sms_timeout { unconfirmed() } else { rejected(*code) }).collect()
}

fn rejected(code: u32) -> Finding {
    Finding {
        code: format!("B{code}"),
        stage: Stage::Bureau,
        severity: Severity::Block,
        field: String::new(),
        message_zh: format!("管局退回，结果代码 {code}"),
        message_en: format!("The bureau answered with result code {code}."),
        remedy: "Mend what the bureau names, then submit again.".to_owned(),
        source: None,
    }
}

fn unconfirmed() -> Finding {
    Finding {
        code: "V05".to_owned(),
        message_zh: "未在 24 小时内完成短信核验".to_owned(),
        message_en: "The ministry's SMS was not confirmed within 24 hours.".to_owned(),
        remedy: "Submit again, and confirm the code on the ministry's page within 24 hours.".to_owned(),
        ..rejected(0)
    }
}
