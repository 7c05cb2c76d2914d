//! 北京市通信管理局: the rule book of Beijing's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, CrossProvincePerson, DistinctPhones, Document, FieldWords, If, LegalRepresentative,
    MatchSet, PersonToUnit, ProvinceBook, RemarkRule, ReviewItem, TextField, UnitToUnit, When, paper,
};
use icp_rules_sdk::catalogue::{A01, S01, S04, S07};
use icp_rules_sdk::national::{ACCESS_TYPES, ALIBABA_2019, HUAWEI_2026, HUAWEI_PROVINCES_2025, NATIONAL, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// Nobody publishes what Beijing asks of persons from elsewhere.
const NOT_PUBLISHED: Cite = Cite::low("北京外省个人备案：未见公开规定", "2026-07");

/// 国家机构: 国防机构、政府机关、事业单位。
const STATE: &[u16] = &[1, 2, 3];
/// 单位性质 律师执业机构.
const LAW_FIRM: u16 = 11;
/// 证件类型 港澳居民居住证.
const KIND_HK_RESIDENCE: u16 = 41;

/// The book of Beijing.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Beijing,
    bureau: "北京市通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人须为法定代表人（华为云 2025；阿里云 2019 可授权他人，腾讯云 2022 不限）。
    lr_mode: Param::new(LegalRepresentative::Must, HUAWEI_PROVINCES_2025),
    // 外省个人: 未见公开规定，由审核人员确认。
    xprov_person: Param::reviewing(CrossProvincePerson::Deny, NOT_PUBLISHED),
    // 港澳法定代表人使用来往内地通行证，不用居住证。
    id_kinds_deny_unit: Param::new(&[KIND_HK_RESIDENCE], TENCENT_2022),
    // 域名持有者: 单位或法定代表人（腾讯云 2022；阿里云 2019 只接受单位），同全国。

    // 四个电话中，两位负责人不同的至少 3 个不同号码，同一人的至少 2 个。
    distinct_phones: Param::new(DistinctPhones { same_person: 2, different_persons: 3 }, TENCENT_2022),
    // 办公电话不得与本人手机相同。
    office_phone_differs: Param::new(true, TENCENT_2022),

    // 个人网站名称禁用词。
    name_deny_person: Param::new(
        &["合伙", "评论", "中心", "售后", "学院", "社团", "博客", "论坛", "社区", "返现", "团购"],
        ALIBABA_2019,
    ),
    // 个人不得选择“博客/个人空间”，并须备注网站内容。
    content_deny_person: Param::new(&[6], ALIBABA_2019),
    remark_rules: Param::new(
        &[RemarkRule::service(When::PERSONS, "网站内容", "the content of the site")],
        TENCENT_2022,
    ),

    // 域名后缀白名单。其余如 hk tw asia jp io me win 均不受理。
    suffix_allow: Param::new(SUFFIXES, TENCENT_2022),
    // .org 仅可接入 2018 年 1 月 1 日前已备案的。
    suffix_access_before: Param::new(&[("org", Date::new(2018, 1, 1))], TENCENT_2022),
    field_words: Param::new(
        &[
            // 前缀不得含“中国”“国家”，国家机构除外。
            FieldWords {
                when: When::ALWAYS.when(&[If::NatureNot(STATE)]),
                field: TextField::DomainPrefix,
                words: &["中国", "国家"],
                message_zh: "域名前缀仅国家机构可用",
                message_en: "only state bodies have such domains",
                remedy_zh: "更换域名",
                remedy_en: "use another domain",
            },
            // 原宣武区选西城区，原崇文区选东城区。
            FieldWords {
                when: When::ALWAYS,
                field: TextField::PostalAddress,
                words: &["宣武区", "崇文区"],
                message_zh: "该区已并入西城区（宣武）或东城区（崇文）",
                message_en: "the district is now Xicheng (宣武) or Dongcheng (崇文)",
                remedy_zh: "宣武区改填西城区，崇文区改填东城区",
                remedy_en: "write 西城区 for 宣武区 and 东城区 for 崇文区",
            },
        ],
        TENCENT_2022,
    ),
    // 合同 IP、解析 IP 与备案 IP 一致。
    dns_matches_access: Param::new(true, TENCENT_2022),

    // 接入: 性质、证件、住所、投资人、主体负责人及其联系方式均须一致；已更名的凭更名函接入，10 个工作日内变更。
    access_match: Param::new(
        AccessMatch {
            unit: MatchSet { name: false, service_principal: false, ..MatchSet::ALL },
            ..NATIONAL.access_match.value
        },
        TENCENT_2022,
    ),
    // 不得变更为其他单位或个人；个人不得变更为单位。
    change_organiser: Param::new(
        ChangePolicy {
            unit_to_unit: UnitToUnit::RenameOnly,
            person_to_unit: PersonToUnit::Never,
            ..NATIONAL.change_organiser.value
        },
        TENCENT_2022,
    ),
    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),

    documents: &[Document::new(paper::RENAME_LETTER, TENCENT_2022)
        .when(When::UNITS.types(ACCESS_TYPES).when(&[If::Renamed]))
        .note("发证机关出具的更名函")],
    review_items: &[
        ReviewItem::new(
            "bracket_width",
            S04,
            "organiser.name",
            (
                "单位名称中的括号全角、半角须与营业执照一致",
                "brackets in the unit's name are full or half width as on the licence",
            ),
            TENCENT_2022,
        )
        .when(When::UNITS.when(&[If::OrganiserWords(&["("])])),
        ReviewItem::new(
            "licence_code",
            S01,
            "materials.organiser-certificate",
            ("营业执照须带编码，四边完整", "the licence carries its code and has complete edges"),
            TENCENT_2022,
        )
        .when(When::UNITS.when(&[If::Nature(&[4])])),
        ReviewItem::new(
            "sole_trader_seal",
            S01,
            "materials",
            ("个体工商户材料须加盖公章", "the papers of a sole trader carry its stamp"),
            TENCENT_2022,
        )
        .when(When::UNITS.when(&[If::SoleTrader])),
        ReviewItem::new(
            "law_firm_licence_pages",
            S01,
            "materials.organiser-certificate",
            ("律师事务所须提供执业许可证全部页", "a law firm hands in all pages of its licence"),
            TENCENT_2022,
        )
        .when(When::UNITS.when(&[If::Nature(&[LAW_FIRM])])),
        ReviewItem::new(
            "two_filing_numbers",
            S07,
            "organiser",
            (
                "同一主体有两个备案号的，须先注销其中一个",
                "an organiser with two filing numbers cancels one of them first",
            ),
            TENCENT_2022,
        ),
        ReviewItem::new(
            "change_within_10_days",
            S04,
            "organiser.name",
            (
                "先接入后变更: 接入通过后 10 个工作日内办理变更备案",
                "the change follows within 10 working days of the access",
            ),
            TENCENT_2022,
        )
        .when(When::UNITS.types(ACCESS_TYPES).when(&[If::Renamed])),
        ReviewItem::new(
            "contract_address",
            A01,
            "services[].access.addresses",
            (
                "接入合同的 IP、域名解析的 IP 与备案 IP 须一致",
                "the addresses of contract, resolution and filing are the same",
            ),
            ALIBABA_2019,
        ),
    ],
    ..NATIONAL
};

/// Suffixes that Beijing takes. 政务 and 公益 are not in Tencent's list of 2022: state bodies must use them since 2024.
const SUFFIXES: &[&str] = &[
    "com",
    "cn",
    "net",
    "中文",
    "wang",
    "ren",
    "citic",
    "xin",
    "shop",
    "ltd",
    "vip",
    "ink",
    "club",
    "site",
    "biz",
    "fun",
    "online",
    "store",
    "tech",
    "work",
    "law",
    "beer",
    "design",
    "wiki",
    "art",
    "love",
    "xyz",
    "group",
    "center",
    "chat",
    "city",
    "company",
    "cool",
    "email",
    "fund",
    "gold",
    "guru",
    "pub",
    "run",
    "show",
    "social",
    "team",
    "today",
    "video",
    "world",
    "zone",
    "life",
    "live",
    "plus",
    "info",
    "中国",
    "xn--fiqs8s",
    "政务",
    "xn--zfr164b",
    "公益",
    "xn--55qw42g",
    "pro",
    "auto",
    "co",
    "cloud",
    "fashion",
    "fit",
    "host",
    "link",
    "luxe",
    "mobi",
    "press",
    "sohu",
    "space",
    "top",
    "website",
    "yoga",
    "cc",
    "tv",
    "icu",
    "tel",
];

export_bureau!(BOOK);
