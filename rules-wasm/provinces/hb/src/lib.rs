//! 湖北省通信管理局: the rule book of Hubei's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, CrossProvincePerson, DistinctPhones, DomainHolder, FieldWords, If, Instead,
    LicensedWords, MatchSet, OrderLimit, PerNature, PersonToUnit, Proof, ProvinceBook, RemarkRule, ReviewItem,
    TextField, When, paper,
};
use icp_rules_sdk::catalogue::S01;
use icp_rules_sdk::national::{
    ALIBABA_2019, HUAWEI_PROVINCES_2025, NATIONAL, ORGANISER_TYPES, SERVICE_TYPES, TENCENT_2022, licensed_words_with,
};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// Where the providers' pages agree on Hubei.
const HUBEI_AGREED: Cite = Cite::high("湖北管局要求（华为云、腾讯云、阿里云一致）", "2025");
/// What the providers' pages say of Hubei taken together.
const HUBEI: Cite = Cite::medium("接入商公开的湖北管局要求（华为云、腾讯云、阿里云）", "2025");

/// The book of Hubei.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Hubei,
    bureau: "湖北省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 互联网信息服务负责人不是法定代表人的，须有授权书。
    p2_auth_letter: Param::new(true, HUBEI_AGREED),
    // 外省个人须有居住证。
    xprov_person: Param::new(CrossProvincePerson::WithProof(Proof::any_of(&[paper::RESIDENCE_PERMIT])), HUBEI_AGREED),
    // 每个订单只可备案 1 个网站。
    order_limits: Param::new(&[OrderLimit::services(PerNature::both(1))], HUBEI_AGREED),
    // 手机与应急电话: 同一人两个不同号码，两人四个不同号码。
    distinct_phones: Param::new(DistinctPhones { same_person: 2, different_persons: 4 }, HUBEI),
    // 域名持有者只可为单位（华为云 2025；腾讯云 2022 也接受法定代表人）。
    domain_holder: Param::new(DomainHolder::Unit, HUAWEI_PROVINCES_2025),

    // 个人网站名称禁用词。出自单一来源，但管局据此直接退回，故拦截。
    name_deny_person: Param::blocking(&["官网", "行业", "电商", "企业", "学院", "论坛", "商城", "团购"], ALIBABA_2019),
    // 不接受不涉及承诺书: 名称、经营范围涉及前置审批字样的，须有许可或删减经营范围。
    licensed_words: Param::reviewing(CUT_WORDS, HUBEI),
    // 服务内容不是“单位门户网站”的，须备注说明。
    remark_rules: Param::new(
        &[RemarkRule::service(
            When::UNITS.types(SERVICE_TYPES).when(&[If::ContentOtherThan(&[8])]),
            "选择“单位门户网站”以外服务内容的原因及网站内容",
            "why a content other than 单位门户网站 is chosen, and what the site holds",
        )],
        HUBEI,
    ),
    // 无字号个体工商户的名称填写法定代表人姓名。
    field_words: Param::new(
        &[FieldWords {
            when: When::UNITS.types(ORGANISER_TYPES).when(&[If::SoleTrader]),
            field: TextField::OrganiserName,
            words: &["*"],
            message_zh: "无字号个体工商户的名称须填写法定代表人姓名",
            message_en: "a sole trader without a trade name is named like its legal representative",
            remedy_zh: "名称改填法定代表人姓名",
            remedy_en: "enter the legal representative's name",
        }],
        HUBEI,
    ),

    // 接入: 单位与个人均只核对名称；单位原备案的主体负责人须已是法定代表人。
    access_match: Param::new(AccessMatch { unit: MatchSet::NAME, person: MatchSet::NAME, unless: None }, ALIBABA_2019),
    access_principal_is_lr: Param::new(true, ALIBABA_2019),
    // 变更: 只可更名；个人不得变更为单位。
    change_organiser: Param::new(
        ChangePolicy { person_to_unit: PersonToUnit::Never, ..NATIONAL.change_organiser.value },
        TENCENT_2022,
    ),

    review_items: &[ReviewItem::new(
        "sole_trader_signature",
        S01,
        "materials",
        (
            "个体工商户材料加盖公章；没有公章的，可由经营者签字",
            "the papers of a sole trader carry its seal, or its owner's signature where there is none",
        ),
        HUAWEI_PROVINCES_2025,
    )
    .when(When::UNITS.types(ORGANISER_TYPES).when(&[If::SoleTrader]))],
    ..NATIONAL
};

/// The national words, read in the business scope as well; no commitment serves.
const CUT_WORDS: &[LicensedWords] = &licensed_words_with(Instead::CutScope, true);

export_bureau!(BOOK);
