//! 内蒙古自治区通信管理局: the rule book of Inner Mongolia's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, CrossProvincePerson, Document, If, MatchSet, PerNature, PersonToUnit, ProvinceBook,
    RemarkRule, ReviewItem, Says, When, paper,
};
use icp_rules_sdk::catalogue::S01;
use icp_rules_sdk::national::{
    ALIBABA_2019, HUAWEI_2026, NATIONAL, NEW_SERVICE_TYPES, ORGANISER_TYPES, PLEDGE_F1, TENCENT_2022,
};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// 华为云 and 阿里云 agree that temporary identity cards are refused.
const TEMPORARY_IDS: Cite = Cite::high("内蒙古不接受临时身份证（华为云、阿里云一致）", "2025");

/// 单位性质 政府机关 and 事业单位.
const STATE_BODIES: &[u16] = &[2, 3];
const OF_STATE_BODIES: When = When::UNITS.types(NEW_SERVICE_TYPES).when(&[If::Nature(STATE_BODIES)]);
const OF_HOSPITALS: When = When::UNITS.when(&[If::Words(&["医院"])]);

/// The book of Inner Mongolia.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::InnerMongolia,
    bureau: "内蒙古自治区通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人须为法定代表人，同全国；互联网信息服务负责人不是法定代表人的须有授权书。
    p2_auth_letter: Param::new(true, TENCENT_2022),
    // 外省个人不受理（华为云、腾讯云；阿里云 2019 和京东云 2018 接受公安机关出具的居住证明），由审核人员确认。
    xprov_person: Param::new(CrossProvincePerson::Deny, HUAWEI_2026),
    // 个人须提供全部域名证书。
    domain_certificates_from: Param::new(PerNature::persons(1), TENCENT_2022),

    // 个人网站名称禁用词。
    name_deny_person: Param::new(
        &[
            "学院",
            "股票",
            "证券",
            "彩票",
            "体彩",
            "刮刮乐",
            "导航",
            "博客",
            "论坛",
            "在线",
            "营销",
            "商城",
            "交易",
            "折扣",
            "购",
            "返现",
            "购物",
            "导购",
            "淘宝",
            "网淘",
            "网购",
            "团购",
            "易购",
            "利润",
        ],
        ALIBABA_2019,
    ),
    // 个人不得选择“博客/个人空间”。
    content_deny_person: Param::new(&[6], ALIBABA_2019),
    // 个人网站承诺，备注不少于 30 字。
    remark_rules: Param::new(
        &[RemarkRule::service(
            When::PERSONS,
            "“本网站是个人网站，不含有企业、单位等非个人网站的信息……”，并说明网站内容，不少于 30 字",
            "the pledge of personal sites and the content, in 30 characters at least",
        )
        .says(Says::OneOfAndChars(PLEDGE_F1, 30))],
        TENCENT_2022,
    ),

    // 接入: 单位核对名称、证件号码和主体负责人；个人核对姓名和证件号码。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_NUMBER_PRINCIPAL, ..NATIONAL.access_match.value },
        ALIBABA_2019,
    ),
    // 单位只可更名；个人不得变更为单位（腾讯云 2022；阿里云 2019: 本人为法定代表人的可以）。
    change_organiser: Param::new(
        ChangePolicy { person_to_unit: PersonToUnit::Never, ..NATIONAL.change_organiser.value },
        TENCENT_2022,
    ),

    documents: &[
        // 外省籍法定代表人。
        Document::new(paper::REPRESENTATIVE_WITH_LICENCE, TENCENT_2022)
            .when(When::UNITS.types(ORGANISER_TYPES).when(&[If::PrincipalFromElsewhere]))
            .note("外省籍法定代表人本人手持身份证和营业执照，文字清晰"),
        // 医院。
        Document::new(paper::MEDICAL_LICENCE, TENCENT_2022).when(OF_HOSPITALS),
        Document::new(paper::MEDICAL_ADVERTISING, TENCENT_2022).when(OF_HOSPITALS),
        // 政府机关、事业单位: 编办证明，网站名称审核表或事业单位网站开办审核申请表。
        Document::new(paper::ESTABLISHMENT_PROOF, ALIBABA_2019).when(OF_STATE_BODIES),
        Document::new(paper::SITE_NAME_REVIEW, HUAWEI_2026)
            .or(&[paper::SITE_QUALIFICATION])
            .when(OF_STATE_BODIES)
            .note("事业单位可用《事业单位网站开办审核申请表》"),
    ],
    review_items: &[ReviewItem::new(
        "no_temporary_id",
        S01,
        "materials",
        ("不接受临时身份证", "temporary identity cards are not accepted"),
        TEMPORARY_IDS,
    )],
    ..NATIONAL
};

export_bureau!(BOOK);
