//! The content of a filing: what an applicant declares about the organiser (主体), its internet
//! services (互联网信息服务), their access (接入) and the persons in charge (负责人).
//!
//! This is the one form that the REST API accepts, that is stored (encrypted) at rest, and that is mapped to
//! the messages of the other services and to the rule modules' types. Code values are the ministry's
//! (bureau-interface §11), carried as open integers because the bureaus push new code tables.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{OrderType, Province};

/// Everything declared in one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Filing {
    /// What is asked for (备案订单类型).
    pub order_type: OrderType,
    /// Province whose bureau decides (备案地省).
    pub province: Province,
    /// The organiser (主体): the company, institution or person that runs the services.
    pub organiser: Organiser,
    /// The services that the order is about, as many as its type allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 64))]
    pub services: Vec<InternetService>,
    /// Why a record is cancelled (注销); only for cancellations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<Cancellation>,
}

/// Why a record is cancelled (注销理由).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// Reason (Zxly), a code of the bureau's table, 1 to 999.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 999, example = 1))]
    pub reason: u16,
    /// In words (Zxlybz), at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub note: Option<String>,
}

/// The organiser (主体 / 主办者).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Organiser {
    /// Filing number (主体备案号), where the organiser is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "粤ICP备2021000001号"))]
    pub number: Option<String>,
    /// Full name as on the certificate (主办单位名称), 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub name: String,
    /// Nature (单位性质, Dwxz): 4 enterprise, 5 person, … (bureau-interface §11.1).
    #[cfg_attr(feature = "openapi", schema(example = 4))]
    pub nature: u16,
    /// The certificate that proves the organiser's identity.
    pub certificate: Certificate,
    /// Investor or superior unit (投资人或上级主管单位).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub investor: Option<String>,
    /// Postal address (通信地址).
    pub address: Address,
    /// Person in charge of the organiser (主体负责人, P1).
    pub principal: Person,
    /// Remark (备注), at most 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1024))]
    pub remark: Option<String>,
}

impl Organiser {
    /// Whether the organiser is a natural person (单位性质 5).
    pub fn is_person(&self) -> bool {
        self.nature == NATURE_PERSON
    }
}

/// 单位性质 enterprise (企业).
pub const NATURE_ENTERPRISE: u16 = 4;
/// 单位性质 person (个人).
pub const NATURE_PERSON: u16 = 5;
/// 证件类型 business licence (营业执照).
pub const CERTIFICATE_BUSINESS_LICENCE: u16 = 1;
/// 证件类型 resident identity card (居民身份证).
pub const CERTIFICATE_CITIZEN_ID: u16 = 2;

/// A certificate of an organiser or the identity document of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Kind (证件类型, Zjlx): 1 business licence, 2 resident identity card, … (bureau-interface §11.2).
    #[cfg_attr(feature = "openapi", schema(example = 1))]
    pub kind: u16,
    /// Number as printed, 1 to 255 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 255))]
    pub number: String,
    /// Address on the certificate (证件住所).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1024))]
    pub address: Option<String>,
    /// First day of validity, where it is printed; the bureau is told it of persons in charge (interface V5.0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<NaiveDate>,
    /// Last day of validity; absent means long-term (长期).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
}

/// A postal address with its administrative division codes (GB/T 2260).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Province code, e.g. 440000.
    #[cfg_attr(feature = "openapi", schema(example = 440_000))]
    pub province_code: u32,
    /// City code, e.g. 440300.
    #[cfg_attr(feature = "openapi", schema(example = 440_300))]
    pub city_code: u32,
    /// County code, e.g. 440305.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = 440_305))]
    pub county_code: Option<u32>,
    /// Street and door number, at most 1,024 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    pub detail: String,
}

/// A person in charge (负责人).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Full name as on the identity document.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128))]
    pub name: String,
    /// Identity document.
    pub id: Certificate,
    /// Mobile number that receives the ministry's SMS (联系方式1), 11 digits.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 32))]
    pub mobile: String,
    /// Emergency phone (应急电话).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency_phone: Option<String>,
    /// Office phone (办公电话), e.g. `0755-12345678`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office_phone: Option<String>,
    /// E-mail address.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 128, pattern = "@", example = "name@example.cn")
    )]
    pub email: String,
}

/// What kind of internet service is filed: `website` (网站), `app` (APP), `mini_program` (小程序) or `quick_app`
/// (快应用).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// 网站
    Website,
    /// APP
    App,
    /// 小程序
    MiniProgram,
    /// 快应用
    QuickApp,
}

/// One internet information service (互联网信息服务).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct InternetService {
    /// Filing number (服务备案号), where the service is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "粤ICP备2021000001号-1"))]
    pub number: Option<String>,
    /// Website, APP, mini-program or quick app.
    pub kind: ServiceKind,
    /// Name (网站名称 / 服务名称).
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 512))]
    pub name: String,
    /// Domains; a new website has exactly one (工信管函〔2019〕633号).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub domains: Vec<String>,
    /// Home page without scheme (首页URL), e.g. `www.example.cn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub home_url: Option<String>,
    /// Service contents (服务内容, Fwnr).
    #[cfg_attr(feature = "openapi", schema(max_items = 64))]
    pub contents: Vec<u16>,
    /// Languages (语种, Yylb): 1 is simplified Chinese.
    #[cfg_attr(feature = "openapi", schema(max_items = 64))]
    pub languages: Vec<u16>,
    /// Pre-approvals (前置审批) that the content needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pre_approvals: Vec<PreApproval>,
    /// What identifies an APP on its platforms (APP 特征信息); only for apps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub app_platforms: Vec<AppPlatform>,
    /// Platforms of a mini-program or quick app (Xcx_xx), ids of the bureau's table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub mini_program_platforms: Vec<u32>,
    /// Person in charge of the service (互联网信息服务负责人, P2).
    pub principal: Person,
    /// How and where the service is connected (接入); only for websites and apps.
    #[serde(default)]
    pub access: Access,
    /// Remark (备注), at most 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1024))]
    pub remark: Option<String>,
}

impl InternetService {
    /// All domains of the service, each with the path of its field: its own, and those that an APP names by platform.
    pub fn all_domains(&self) -> impl Iterator<Item = (String, &str)> {
        let own = self.domains.iter().enumerate().map(|(index, domain)| (format!("domains[{index}]"), domain.as_str()));
        let by_platform = self.app_platforms.iter().enumerate().flat_map(|(place, app)| {
            let path = move |index| format!("app_platforms[{place}].domains[{index}]");
            app.domains.iter().enumerate().map(move |(index, domain)| (path(index), domain.as_str()))
        });
        own.chain(by_platform)
    }
}

/// An APP on one platform (bureau-interface §10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AppPlatform {
    /// The platform (运行平台).
    pub platform: Platform,
    /// Package name or bundle id, e.g. `cn.example.shop`.
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub package: String,
    /// Public key (公钥), the modulus in hexadecimal.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9A-Fa-f]{64,2048}$"))]
    pub public_key: String,
    /// Fingerprint of the signing certificate in hexadecimal: MD5 (32 digits), on iOS SHA-1 (40 digits).
    #[cfg_attr(feature = "openapi", schema(pattern = "^([0-9A-Fa-f]{32}|[0-9A-Fa-f]{40})$"))]
    pub certificate_fingerprint: String,
    /// Domains that the APP uses there, up to the fourth level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub domains: Vec<String>,
    /// Third parties whose SDKs it uses, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub sdk_providers: Vec<String>,
}

/// Where an APP runs: `android` (安卓), `ios` or `harmony_os` (鸿蒙).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// 安卓
    Android,
    /// iOS
    Ios,
    /// 鸿蒙
    HarmonyOs,
}

impl Platform {
    /// The text form, e.g. `android`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::HarmonyOs => "harmony_os",
        }
    }
}

/// A licence that an authority must have given before the filing (前置审批).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PreApproval {
    /// Category (Nrlx_id), e.g. 1 news.
    pub category: u16,
    /// Number of the licence (前置审批号).
    pub number: String,
}

/// How a service is connected by the access provider (接入信息).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Access methods (接入方式, Jrfs): 5 is cloud access.
    #[cfg_attr(feature = "openapi", schema(max_items = 64))]
    pub methods: Vec<u16>,
    /// Places of the servers (服务器放置地, Fbdd).
    #[cfg_attr(feature = "openapi", schema(max_items = 64))]
    pub server_places: Vec<u16>,
    /// IPv4 addresses or ranges (`192.0.2.1` or `192.0.2.1-192.0.2.4`).
    #[cfg_attr(feature = "openapi", schema(max_items = 64))]
    pub addresses: Vec<String>,
}
