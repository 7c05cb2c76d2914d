//! 新疆维吾尔自治区通信管理局: the rule book of Xinjiang's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, Document, DomainHolder, If, LegalRepresentative, MatchSet, MobileLocal, ProvinceBook,
    ReviewItem, When, paper,
};
use icp_rules_sdk::catalogue::{C04, T01};
use icp_rules_sdk::national::{ACCESS_TYPES, ALIBABA_2019, NATIONAL, NEW_SERVICE_TYPES, SERVICE_TYPES};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, OrderType, Province, export_bureau};

/// 华为云, 腾讯云 and 阿里云 agree on Xinjiang.
const XINJIANG_AGREED: Cite = Cite::high("新疆管局要求（华为云、腾讯云、阿里云一致）", "2025");
/// What one of them says.
const XINJIANG: Cite = Cite::medium("新疆管局要求（华为云、腾讯云、阿里云各页）", "2025");
/// 阿里云 and 腾讯云 agree on changes of organisers.
const CHANGES_AGREED: Cite = Cite::high("主体变更规则（阿里云、腾讯云一致）", "2022");

/// The book of Xinjiang.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Xinjiang,
    bureau: "新疆维吾尔自治区通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人须为法定代表人，不接受授权书，任何性质的单位均无例外 (`lr_letter_natures`)。
    lr_mode: Param::new(LegalRepresentative::Must, XINJIANG_AGREED),
    // 手机号码须为本区号段。
    mobile_local: Param::new(MobileLocal::Everybody, XINJIANG_AGREED),
    // 域名持有者须为单位本身。
    domain_holder: Param::new(DomainHolder::Unit, XINJIANG_AGREED),

    // 接入: 主办单位名称、主体负责人须与原备案一致；个人只核对姓名。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_PRINCIPAL, person: MatchSet::NAME, unless: None },
        ALIBABA_2019,
    ),
    // 主体变更不限。
    change_organiser: Param::new(ChangePolicy::FREE, CHANGES_AGREED),

    // 《网站党建备案信息确认函》。
    documents: &[
        // 首次备案、新增。
        Document::new(paper::PARTY_BUILDING, XINJIANG_AGREED).when(When::ALWAYS.types(NEW_SERVICE_TYPES)),
        // 接入: 2019 年以后备案的网站。
        Document::new(paper::PARTY_BUILDING, XINJIANG)
            .when(When::ALWAYS.types(ACCESS_TYPES).when(&[If::FiledSince(Date::new(2019, 1, 1))])),
        // 变更: 2018 年以前备案的网站不须。
        Document::new(paper::PARTY_BUILDING, XINJIANG).when(
            When::ALWAYS
                .types(&[OrderType::ChangeService, OrderType::ChangeBoth])
                .when(&[If::FiledSince(Date::new(2018, 1, 1))]),
        ),
    ],
    review_items: &[
        ReviewItem::new(
            "languages_are_real",
            C04,
            "services[].languages",
            ("所选语种须与网站实际语种一致", "the languages chosen are those of the site"),
            XINJIANG,
        )
        .when(When::ALWAYS.types(SERVICE_TYPES)),
        ReviewItem::new(
            "phone_spot_check",
            T01,
            "organiser.principal.mobile",
            ("管局电话抽查，负责人电话须保持畅通", "the bureau calls now and then: the phones must be answered"),
            XINJIANG,
        )
        .when(When::ALWAYS.types(SERVICE_TYPES)),
    ],
    ..NATIONAL
};

export_bureau!(BOOK);
