//! 浙江省通信管理局: the rule book of Zhejiang's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, CrossProvincePerson, DomainHolder, If, LegalRepresentative, LicensedWords, MatchSet,
    OldNumber, PersonToUnit, Proof, ProvinceBook, ReviewItem, SmsIdTail, UnitToUnit, When, paper,
};
use icp_rules_sdk::catalogue::S01;
use icp_rules_sdk::national::{ALIBABA_2019, HUAWEI_2026, NATIONAL, TENCENT_2022, VOLCENGINE_2024};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// 华为云, 腾讯云 and 阿里云 agree on Zhejiang.
const ZHEJIANG_AGREED: Cite = Cite::high("浙江管局要求（华为云、腾讯云、阿里云一致）", "2025");

/// The book of Zhejiang.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Zhejiang,
    bureau: "浙江省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人须为法定代表人。
    lr_mode: Param::new(LegalRepresentative::Must, ZHEJIANG_AGREED),
    min_age_unit: Param::new(18, ZHEJIANG_AGREED),
    min_age_person: Param::new(18, ZHEJIANG_AGREED),
    // 外省个人须有居住证。
    xprov_person: Param::new(
        CrossProvincePerson::WithProof(Proof::any_of(&[paper::RESIDENCE_PERMIT])),
        ZHEJIANG_AGREED,
    ),
    // 网店执照的住所为平台网址，只能备案该域名。
    online_shop_domain: Param::reviewing(true, ZHEJIANG_AGREED),
    // 域名持有者可为单位、法定代表人，或附证明的股东、高管。
    domain_holder: Param::new(DomainHolder::UnitPlus(&[paper::SHAREHOLDER_PROOF]), ALIBABA_2019),

    // 个人网站名称禁用词。出自单一来源，但管局据此直接退回，故拦截。
    name_deny_person: Param::blocking(
        &[
            "工作室",
            "官网",
            "行业",
            "电商",
            "企业",
            "工坊",
            "中心",
            "产业",
            "农业",
            "养殖",
            "股票",
            "证券",
            "彩票",
            "体彩",
            "刮刮乐",
            "博客",
            "论坛",
            "在线",
            "社区",
        ],
        ALIBABA_2019,
    ),
    // 个人不得选择“博客/个人空间”。
    content_deny_person: Param::new(&[6], ALIBABA_2019),
    // 教育类仍须前置审批。
    licensed_words_here: Param::new(
        &[LicensedWords::new(3, ("教育", "education"), "教育部门批准文件", &["教育", "培训", "网校"])],
        ALIBABA_2019,
    ),
    // 个体工商户须有字号。
    sole_trader_named: Param::reviewing(true, ZHEJIANG_AGREED),
    review_items: &[ReviewItem::new(
        "sole_trader_seal",
        S01,
        "materials",
        ("个体工商户材料须加盖公章", "the papers of a sole trader carry its seal"),
        ZHEJIANG_AGREED,
    )
    .when(When::UNITS.when(&[If::SoleTrader]))],

    // 接入: 单位信息可不一致；个人核对姓名。旧证件号码先接入后变更，并上传最新证件。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NOTHING, person: MatchSet::NAME, unless: None },
        ALIBABA_2019,
    ),
    access_old_number: Param::new(OldNumber::AccessFirst, TENCENT_2022),
    // 变更为关联单位；个人变更为单位须为其法定代表人。
    change_organiser: Param::new(
        ChangePolicy {
            unit_to_unit: UnitToUnit::Related(paper::UNIT_LETTER),
            person_to_unit: PersonToUnit::IfLegalRepresentative,
            ..NATIONAL.change_organiser.value
        },
        TENCENT_2022,
    ),
    // 通行证: 短信核验输入背面港澳身份证号后六位。
    sms_idtail_variant: Param::new(SmsIdTail::NumberOnBack, VOLCENGINE_2024),

    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),
    // 管局审核最长 30 个工作日。
    bureau_sla_wd: Param::new(30, TENCENT_2022),
    ..NATIONAL
};

export_bureau!(BOOK);
