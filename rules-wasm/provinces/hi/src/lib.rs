//! 海南省通信管理局: the rule book of Hainan's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, AgeProof, ChangePolicy, CrossProvincePerson, Document, DomainHolder, FieldWords, If,
    LegalRepresentative, MatchSet, OrderLimit, PerNature, PersonToUnit, ProvinceBook, ReviewItem, TextField, When,
    paper,
};
use icp_rules_sdk::catalogue::{N01, S01};
use icp_rules_sdk::national::{
    ALIBABA_2019, HUAWEI_2026, NATIONAL, NEW_SERVICE_TYPES, ORGANISER_TYPES, SERVICE_TYPES, STATE_WORDS, TENCENT_2022,
};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, OrderType, Province, export_bureau};

/// What the providers' pages say of Hainan taken together.
const HAINAN: Cite = Cite::medium("接入商公开的海南管局要求（华为云、腾讯云、阿里云）", "2026-07");

/// The book of Hainan.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Hainan,
    bureau: "海南省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人可凭授权书由他人担任（腾讯云常见问题 2022 写明不限）；此时两位负责人须为同一人。
    lr_mode: Param::new(LegalRepresentative::WithLetter, HAINAN),
    p2_equals_p1_if_not_lr: Param::new(true, TENCENT_2022),
    // 单位负责人与个人均满 16 周岁，无须证明。
    min_age_unit: Param::new(16, HAINAN),
    min_age_person: Param::new(16, HAINAN),
    minor_proof_unit: Param::new(AgeProof { below: 16, any_of: &[] }, HAINAN),
    minor_proof_person: Param::new(AgeProof { below: 16, any_of: &[] }, HAINAN),
    // 外省个人可在海南备案。
    xprov_person: Param::new(CrossProvincePerson::Allow, HAINAN),
    // 应急电话不得与联系方式1相同。
    emergency_differs: Param::new(true, HAINAN),
    // 域名持有者可为单位、法定代表人，或附证明的股东、高管。
    domain_holder: Param::new(DomainHolder::UnitPlus(&[paper::SHAREHOLDER_PROOF]), HAINAN),
    // 个人首次备案只可备案 1 个域名。
    order_limits: Param::new(&[OrderLimit::domains(PerNature::persons(1)).only(&[OrderType::FirstFiling])], HAINAN),

    // “国字号”“行政区划名”: 单位须有资质，故由审核人员判断；个人一律不得使用，省名见全国要求。
    name_state_words: Param::reviewing(STATE_WORDS, HAINAN),
    name_deny_person: Param::new(&["海口", "三亚", "三沙", "儋州"], HAINAN),
    // 个人使用“国字号”全国都拦截，海南不更轻。
    field_words: Param::blocking(
        &[FieldWords {
            when: When::PERSONS.types(SERVICE_TYPES),
            field: TextField::ServiceName,
            words: STATE_WORDS,
            message_zh: "个人网站名称不得使用“国字号”",
            message_en: "a person's site never uses words of the state",
            remedy_zh: "更换网站名称",
            remedy_en: "choose another name",
        }],
        HAINAN,
    ),

    // 接入: 单位与个人的资料均可在接入后变更。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NOTHING, person: MatchSet::NOTHING, unless: None },
        ALIBABA_2019,
    ),
    // 变更: 只可更名；个人不得变更为单位（腾讯云 2022；阿里云 2019 允许变更为本人担任法定代表人的单位）。
    change_organiser: Param::new(
        ChangePolicy { person_to_unit: PersonToUnit::Never, ..NATIONAL.change_organiser.value },
        TENCENT_2022,
    ),

    documents: &[Document::new(paper::SITE_QUALIFICATION, HAINAN)
        .when(When::UNITS.types(NEW_SERVICE_TYPES).when(&[
            If::NatureNot(&[1, 2, 3]),
            If::SiteWords(WORDS_OF_STATE_AND_PLACE),
            If::Not(&If::OrganiserWords(WORDS_OF_STATE_AND_PLACE)),
        ]))
        .each_service()
        .note("网站名称使用“国字号”或行政区划名的，提供相应资质")],
    review_items: &[
        ReviewItem::new(
            "licence_seal",
            S01,
            "materials.organiser-certificate",
            (
                "营业执照印章须为“海南省市场监督管理局商事登记专用章”并带“琼”字编号",
                "the licence carries the seal 海南省市场监督管理局商事登记专用章 with a 琼 number",
            ),
            HUAWEI_2026,
        )
        .when(When::UNITS.types(ORGANISER_TYPES).when(&[If::CertificateKind(&[1])])),
        ReviewItem::new(
            "no_temporary_card",
            S01,
            "materials",
            ("不接受临时身份证", "temporary identity cards are not accepted"),
            HUAWEI_2026,
        ),
        ReviewItem::new(
            "site_carries_filed_name",
            N01,
            "services[].name",
            ("网站实际名称须与备案名称一致", "the site carries the name under which it is filed"),
            HAINAN,
        )
        .when(When::ALWAYS.types(SERVICE_TYPES)),
    ],
    ..NATIONAL
};

/// “国字号”与海南的行政区划名；机器只看省名与地级市名。
const WORDS_OF_STATE_AND_PLACE: &[&str] =
    &["中国", "中华", "中央", "人民", "人大", "国家", "海南", "海口", "三亚", "三沙", "儋州"];

export_bureau!(BOOK);
