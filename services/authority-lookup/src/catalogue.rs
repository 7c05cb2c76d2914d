//! What can be wrong, in words: codes of the catalogue (filing-rules §9), reasons and remedies. No personal data.

use icp_proto::common::{Finding, Severity};

/// One thing that can be wrong.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    code: &'static str,
    severity: Severity,
    zh: &'static str,
    en: &'static str,
    remedy: &'static str,
}

impl Fault {
    /// The finding about one field.
    pub fn at(&self, field: impl Into<String>) -> Finding {
        Finding {
            code: self.code.to_owned(),
            severity: self.severity.into(),
            field: field.into(),
            message_zh: self.zh.to_owned(),
            message_en: self.en.to_owned(),
            remedy: self.remedy.to_owned(),
        }
    }

    /// The reason in English, for the journal.
    pub fn reason(&self) -> &'static str {
        self.en
    }
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal $severity:ident $zh:literal $en:literal $remedy:literal;)*) => {
        $($(#[$doc])* pub const $name: Fault =
            Fault { code: $code, severity: Severity::$severity, zh: $zh, en: $en, remedy: $remedy };)*

        /// Every fault, for tests.
        #[cfg(test)]
        pub(crate) const ALL: &[Fault] = &[$($name),*];
    };
}

faults! {
    /// The number is in no register.
    ENTERPRISE_UNKNOWN = "S04" Block
        "登记机关查不到该证件号码" "the register of enterprises does not know this number"
        "请按营业执照更正证件号码。Correct the number as on the certificate.";
    /// The register has another name.
    ENTERPRISE_NAME = "S04" Block
        "主办者名称与登记机关的信息不一致" "the organiser's name differs from the register"
        "请按登记机关公示的名称填写。Enter the name as the register publishes it.";
    /// Struck off or licence revoked.
    ENTERPRISE_GONE = "S04" Block
        "该主办者已被注销或吊销" "the organiser is struck off or its licence is revoked"
        "请更换在营的主办者。File for an organiser that is in business.";
    /// On the list of abnormal operations, or in a state that is not known.
    ENTERPRISE_ABNORMAL = "S04" Review
        "该主办者经营状态异常" "the organiser's state in the register is abnormal"
        "请向登记机关申请移出异常名录。Have the register remove the organiser from its list of abnormal operations.";
    /// The registered address is another one.
    ENTERPRISE_ADDRESS = "S04" Review
        "证件住所与登记机关的信息不一致" "the address on the certificate differs from the register"
        "请按登记机关公示的住所填写，或先办理变更登记。Enter the registered address, or have the register changed first.";
    /// Some bureaus accept another person with a letter of the legal representative.
    NOT_LEGAL_REPRESENTATIVE = "S02" Review
        "主体负责人与登记的法定代表人不一致" "the organiser's person in charge is not the registered legal representative"
        "请改为法定代表人，或按当地管局要求提供授权书。Name the legal representative, or provide the letter of authorisation that the bureau accepts.";
    /// Name and number do not belong together.
    CITIZEN_MISMATCH = "V01" Block
        "姓名与证件号码在公安库中不一致" "name and number do not belong together in the register of citizens"
        "请按身份证更正姓名或号码。Correct the name or the number as on the identity card.";
    /// The number is in no register.
    CITIZEN_UNKNOWN = "V01" Block
        "公安库中查不到该证件号码" "the register of citizens does not know this number"
        "请按身份证更正号码。Correct the number as on the identity card.";
    /// No register answers for this kind of document.
    CITIZEN_UNANSWERABLE = "V01" Review
        "该类证件没有可比对的权威库" "no register answers for this kind of identity document"
        "由审核人员核对证件原件。A reviewer compares the original document.";
    /// The domain is not registered.
    DOMAIN_UNKNOWN = "D01" Block
        "域名未注册或未入注册商验证库" "the domain is not registered, or not yet in the registry's data"
        "请先注册域名并完成实名认证，三至五个工作日后再提交。Register the domain with real name and submit again after three to five working days.";
    /// The holder's real name is not verified.
    DOMAIN_NOT_REAL_NAMED = "D01" Block
        "域名未完成实名认证" "the real name of the domain's holder is not verified"
        "请在注册商处完成实名认证，三至五个工作日后再提交。Have the registrar verify the real name and submit again after three to five working days.";
    /// The domain is somebody else's.
    DOMAIN_HOLDER = "D02" Block
        "域名持有者与主办者不一致" "the holder of the domain is not the organiser"
        "请将域名过户到主办者名下，名称与证件号码须一致。Transfer the domain to the organiser, with the same name and number.";
    /// The registrar is not approved.
    DOMAIN_REGISTRAR = "D03" Block
        "域名注册商未获工信部批复" "the ministry has not approved the registrar of the domain"
        "请将域名转入已获批复的注册商。Transfer the domain to an approved registrar.";
    /// The registration has ended or ends soon.
    DOMAIN_EXPIRES = "D04" Block
        "域名已过期或剩余有效期不足" "the domain has expired or expires too soon"
        "请续费，剩余有效期须多于三个月。Renew the domain so that more than three months are left.";
    /// No answer within the configured attempts.
    ENTERPRISE_SILENT = "S04" Review
        "登记机关暂未应答" "the register of enterprises did not answer"
        "由审核人员人工核对，或稍后重新比对。A reviewer compares it by hand, or the look-up is repeated later.";
    /// No answer within the configured attempts.
    CITIZEN_SILENT = "V01" Review
        "公安库暂未应答" "the register of citizens did not answer"
        "由审核人员人工核对，或稍后重新比对。A reviewer compares it by hand, or the look-up is repeated later.";
    /// No answer within the configured attempts.
    DOMAIN_SILENT = "D01" Review
        "域名注册库暂未应答" "the registry of domains did not answer"
        "由审核人员人工核对，或稍后重新比对。A reviewer compares it by hand, or the look-up is repeated later.";
    /// The look-up itself failed on our side.
    LOOKUP_FAILED = "S04" Review
        "权威库比对未能完成" "the look-up in the registers could not be done"
        "由审核人员人工核对。A reviewer compares the data by hand.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_speaks_both_languages_and_names_a_remedy() {
        for fault in ALL {
            assert!(!fault.zh.is_ascii() && fault.en.is_ascii() && !fault.en.is_empty(), "{fault:?}");
            assert!(fault.remedy.contains('。') && fault.remedy.ends_with('.'), "{fault:?}");
            assert_eq!(fault.code.len(), 3, "{fault:?}");
        }
    }
}
