//! 辽宁省通信管理局: the rule book of Liaoning's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AgeProof, CrossProvincePerson, DistinctPhones, DomainHolder, LegalRepresentative, LicensedWords, MobileLocal,
    OldNumber, ProvinceBook, ReviewItem, When, paper,
};
use icp_rules_sdk::catalogue::{A01, S01, S05, T02};
use icp_rules_sdk::judge::{Case, Findings, Rule};
use icp_rules_sdk::national::{
    ALIBABA_2019, FINANCE_WORDS_LIAONING, HUAWEI_2026, NATIONAL, ORGANISER_TYPES, TENCENT_2022,
};
use icp_rules_sdk::param::Param;
use icp_rules_sdk::{Date, OrderType, Province, Severity, export_bureau};

/// The book of Liaoning.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Liaoning,
    bureau: "辽宁省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人不限于法定代表人；单位名称涉及金融的，两位负责人均须为法定代表人。
    lr_mode: Param::new(LegalRepresentative::Free, TENCENT_2022),
    lr_must_words: Param::new(FINANCE_LIKE, ALIBABA_2019),
    // 年满 16 周岁，16 至 18 周岁提供收入证明（腾讯云 2022；阿里云 2019: 18 周岁）。
    min_age_unit: Param::new(16, TENCENT_2022),
    min_age_person: Param::new(16, TENCENT_2022),
    minor_proof_unit: Param::new(AgeProof { below: 18, any_of: &[paper::INCOME_PROOF] }, TENCENT_2022),
    minor_proof_person: Param::new(AgeProof { below: 18, any_of: &[paper::INCOME_PROOF] }, TENCENT_2022),
    // 外省个人可备案；个人须用本地手机，单位建议使用。
    xprov_person: Param::new(CrossProvincePerson::Allow, TENCENT_2022),
    mobile_local: Param::new(MobileLocal::Persons, TENCENT_2022),
    // 两位负责人不同的，至少 3 个不同号码；办公电话不得与本人手机相同。
    distinct_phones: Param::new(
        DistinctPhones { different_persons: 3, ..NATIONAL.distinct_phones.value },
        TENCENT_2022,
    ),
    office_phone_differs: Param::new(true, TENCENT_2022),
    // 域名持有者可为单位、法定代表人，或附证明的股东、高管。个人域名须由本人持有，各方一致，故拦截。
    domain_holder: Param::blocking(DomainHolder::UnitPlus(&[paper::SHAREHOLDER_PROOF]), TENCENT_2022),

    // 个人网站名称禁用词。
    name_deny_person: Param::new(
        &[
            "合伙",
            "大众",
            "维修",
            "沙龙",
            "工作室",
            "互联",
            "官网",
            "品牌",
            "行业",
            "宣传",
            "电商",
            "企业",
            "管理",
            "工坊",
            "传播",
            "咨询",
            "投资",
            "贸易",
            "产业",
            "养殖",
            "传媒",
            "媒体",
            "股票",
            "证券",
            "彩票",
            "体彩",
            "网络",
            "网址",
            "平台",
            "论坛",
            "站长网",
            "商城",
            "交易",
            "折扣",
            "购",
            "购物",
            "返现",
            "易购",
            "淘宝",
            "网淘",
            "网购",
            "团购",
            "旺铺",
        ],
        ALIBABA_2019,
    ),
    licensed_words_here: Param::new(
        &[
            // 经营范围含“广播电视节目制作”的须有许可证，不接受承诺书。
            LicensedWords::new(
                10,
                ("广播电视节目制作", "production of broadcasts"),
                "广播电视节目制作经营许可证",
                &["广播电视节目制作"],
            )
            .in_scope(),
            // 金融用词在通用名单之外另有担保、典当、贷款。
            LicensedWords::new(13, ("金融", "finance"), "金融管理部门批准文件", FINANCE_WORDS_LIAONING),
        ],
        TENCENT_2022,
    ),
    // 合同 IP、解析 IP 与备案 IP 一致。
    dns_matches_access: Param::new(true, TENCENT_2022),

    // 不接受先接入后变更: 旧证件号码或其他资料有变的，先变更。核对名称和证件号码，同全国。
    access_old_number: Param::new(OldNumber::ChangeFirst, TENCENT_2022),
    access_with_change: Param::new(false, TENCENT_2022),
    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),

    review_items: &[
        ReviewItem::new(
            "newest_licence",
            S01,
            "materials.organiser-certificate",
            ("须使用最新的三证合一营业执照", "the newest three-in-one licence is used"),
            TENCENT_2022,
        )
        .when(When::UNITS.types(ORGANISER_TYPES)),
        ReviewItem::new(
            "unit_mobile_local",
            T02,
            "organiser.principal.mobile",
            ("建议单位负责人使用本地手机", "units should leave local mobiles"),
            TENCENT_2022,
        )
        .when(When::UNITS),
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
    extra: no_addition_before_change,
    ..NATIONAL
};

/// Words of finance: the list used widely and what Liaoning adds.
const FINANCE_LIKE: &[&str] = &[
    "交易所",
    "交易中心",
    "金融",
    "资产管理",
    "理财",
    "基金",
    "投资管理",
    "财富管理",
    "网贷",
    "网络借贷",
    "p2p",
    "股权众筹",
    "互联网保险",
    "支付",
    "信托",
    "担保",
    "典当",
    "贷款",
];

/// 不接受先新增后变更: the number on record is an old one.
fn no_addition_before_change(case: &Case<'_>, findings: &mut Findings) {
    let is_addition = matches!(case.order.order_type, OrderType::AddService | OrderType::AddServiceElsewhere);
    let is_old = |number: &str| matches!(number.trim().len(), 9 | 10 | 15);
    let is_new = case.order.organiser.certificate.number.trim().len() == 18;
    let is_recorded_old = case.on_record().is_some_and(|record| is_old(&record.certificate_number));
    if is_addition && is_new && is_recorded_old && !case.is_person() {
        findings.add(
            S05,
            Rule::new("add_old_number", Severity::Review, TENCENT_2022),
            "organiser.certificate.number",
            "备案记录为旧证件号码，须先变更再新增",
            "the record has the old number: change it before the addition",
        );
    }
}

export_bureau!(BOOK);
