//! The catalogue of reasons for returning an order (filing-rules §9): code, what it means, what helps.
//!
//! Codes and remedies are those that the rule modules use, so that an applicant reads the same for the same fault,
//! whoever finds it.

use icp_domain::{Finding, Severity, Stage};
use icp_rules_sdk::catalogue::{self, Code};
use serde::Serialize;
use utoipa::ToSchema;

/// One reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReturnReason)]
pub struct Reason {
    /// Stable code, e.g. `N01`.
    pub code: &'static str,
    /// What is wrong, in Chinese.
    pub message_zh: &'static str,
    /// What is wrong, in English.
    pub message_en: &'static str,
    /// What helps, in Chinese.
    pub remedy_zh: &'static str,
    /// What helps, in English.
    pub remedy_en: &'static str,
}

impl Reason {
    /// The finding of a reviewer about one field.
    pub fn at(&self, field: String) -> Finding {
        Finding {
            code: self.code.to_owned(),
            stage: Stage::Review,
            severity: Severity::Block,
            field,
            message_zh: self.message_zh.to_owned(),
            message_en: self.message_en.to_owned(),
            remedy: format!("{}。{}.", self.remedy_zh, self.remedy_en),
            source: None,
        }
    }
}

/// The reason with this code.
pub fn find(code: &str) -> Option<&'static Reason> {
    ALL.iter().find(|reason| reason.code == code)
}

const fn reason(code: Code, message_zh: &'static str, message_en: &'static str) -> Reason {
    Reason { code: code.id, message_zh, message_en, remedy_zh: code.remedy_zh, remedy_en: code.remedy_en }
}

/// Every reason, in the sequence of the catalogue.
pub const ALL: &[Reason] = &[
    reason(catalogue::D01, "域名未实名或未入库", "the domain has no real-name registration on record"),
    reason(catalogue::D02, "域名所有者与主办者不一致", "the domain is held by somebody else than the organiser"),
    reason(catalogue::D03, "注册商或域名后缀未获批复", "the registrar or the top-level domain is not approved"),
    reason(catalogue::D04, "域名已过期或即将过期", "the domain has expired or is about to"),
    reason(catalogue::D05, "域名前缀或后缀不符合当地要求", "the province does not take this domain"),
    reason(catalogue::D06, "域名冲突", "the domain is in another order or on record for another organiser"),
    reason(catalogue::D07, "一个网站填报了多个域名", "one website has several domains"),
    reason(catalogue::N01, "网站名称不合格", "the name of the service is not acceptable"),
    reason(catalogue::N02, "名称或内容与主办者无关", "name or content is unrelated to the organiser"),
    reason(catalogue::C01, "未备案先开通网站", "the site is open before it is filed"),
    reason(catalogue::C02, "已备案网站无法打开", "the filed site does not open"),
    reason(catalogue::C03, "未悬挂备案号或悬挂错误", "the filing number is missing in the footer, or wrong"),
    reason(catalogue::C04, "网站内容与备案信息不符", "the content is not what is filed"),
    reason(catalogue::C05, "缺少前置审批文件，或文件过期、不清晰", "the pre-approval is missing, expired or illegible"),
    reason(catalogue::S01, "证件不合格", "the certificate is illegible, a copy, or expired"),
    reason(catalogue::S02, "主体负责人不是法定代表人", "the person in charge is not the legal representative"),
    reason(catalogue::S03, "跨省备案", "the organiser belongs to another province"),
    reason(catalogue::S04, "与企业信用信息不一致", "it does not agree with the enterprise register"),
    reason(catalogue::S05, "工信部已有备案记录", "the ministry has a filing of this organiser on record"),
    reason(catalogue::S06, "主办者冲突", "another order of this organiser is in flight"),
    reason(catalogue::S07, "备案类型错误", "the order is of the wrong type"),
    reason(catalogue::S08, "主体已注销或为空壳主体", "the organiser is deregistered or has no services"),
    reason(catalogue::S09, "主办者在黑名单中", "the organiser is on the list of those refused"),
    reason(catalogue::S10, "服务数量超限", "too many services"),
    reason(catalogue::S11, "负责人年龄不符合要求", "the age of the person in charge is outside the limits"),
    reason(catalogue::S12, "通信地址不详细", "the postal address is not complete"),
    reason(catalogue::T01, "电话无法接通", "the phone is not answered"),
    reason(catalogue::T02, "手机号码不符合要求", "the mobile number is not acceptable"),
    reason(catalogue::T03, "不同负责人使用相同的手机或邮箱", "several persons share a phone or an e-mail address"),
    reason(catalogue::T04, "应急电话或邮箱不符合要求", "the emergency phone or the e-mail is not acceptable"),
    reason(catalogue::V01, "人脸与证件不一致", "the face differs from the document"),
    reason(catalogue::V02, "活体检测未通过", "the liveness check failed"),
    reason(catalogue::V03, "证件为翻拍或屏拍", "the document was photographed from a screen or a copy"),
    reason(catalogue::V04, "核验材料不合格或过期", "a material is missing, not acceptable or too old"),
    reason(catalogue::V05, "短信核验超时或失败", "the ministry's SMS was not confirmed"),
    reason(catalogue::A01, "接入信息不一致或资源过期", "the access data does not agree, or the resource has expired"),
    reason(catalogue::R01, "备注缺失或格式不符", "the remark is missing or not in the form that is asked for"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_rules_has_its_reason_once() {
        let codes: Vec<&str> = ALL.iter().map(|reason| reason.code).collect();
        let of_rules: Vec<&str> = catalogue::ALL.iter().map(|code| code.id).collect();
        assert_eq!(codes, of_rules);
    }
}
