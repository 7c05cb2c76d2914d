//! What the findings of this service rest on; those of rule modules name their own sources.

use icp_domain::FindingSource;

/// A document or page, its date, and how sure it is.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    title: &'static str,
    as_of: &'static str,
    confidence: &'static str,
}

const fn source(title: &'static str, as_of: &'static str, confidence: &'static str) -> Source {
    Source { title, as_of, confidence }
}

/// What the bureaus take: parts of a filing, lengths, codes.
pub const INTERFACE: Source =
    source("工业和信息化部ICP/IP地址/域名信息备案管理系统企业系统接口规范（3.0版）", "2013-10", "high");
/// Numbers of citizens.
pub const CITIZEN_ID: Source = source("GB 11643-1999 公民身份号码", "1999", "high");
/// Unified social credit codes.
pub const CREDIT_CODE: Source = source("GB 32100-2015 法人和其他组织统一社会信用代码编码规则", "2015", "high");
/// Numbers of licences before there were credit codes.
pub const REGISTRATION: Source = source("GS 15-2006 工商行政管理注册号编制规则", "2006", "high");
/// What is registered of an enterprise.
pub const REGISTER: Source = source(
    "主体名称、证件号码、住所须与国家企业信用信息公示系统一致（阿里云、腾讯云、华为云备案帮助）",
    "2019-09-20",
    "high",
);
/// Mobile and landline numbers.
pub const PHONE: Source = source("手机号为 11 位，固定电话为区号-号码（阿里云备案帮助）", "2019-09-20", "medium");
/// Which type an order must be, and which domain is free.
pub const ORDER_TYPES: Source =
    source("备案类型的验证与域名冲突（阿里云、腾讯云、华为云备案帮助）", "2019-09-20", "high");
/// Pictures of certificates.
pub const PICTURES: Source = source("备案材料的图片要求（阿里云、腾讯云、华为云备案帮助）", "2019-09-20", "high");
/// Servers, addresses and the entitlements that come with them.
pub const RESOURCES: Source = source(
    "接入资源与备案服务号的要求：一个服务号对应一个网站，不可重复使用（阿里云、华为云、腾讯云备案帮助）",
    "2019-09-20",
    "high",
);

impl From<Source> for FindingSource {
    fn from(source: Source) -> Self {
        Self {
            title: source.title.to_owned(),
            as_of: source.as_of.to_owned(),
            confidence: source.confidence.to_owned(),
        }
    }
}
