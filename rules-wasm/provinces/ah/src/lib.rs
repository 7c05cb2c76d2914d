//! 安徽省通信管理局: the rule book of Anhui's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, AgeProof, ChangePolicy, CrossProvincePerson, Document, FieldWords, If, Instead, LegalRepresentative,
    MatchSet, Proof, ProvinceBook, RemarkRule, ReviewItem, Says, TextField, When, paper,
};
use icp_rules_sdk::catalogue::R01;
use icp_rules_sdk::national::{
    ALIBABA_2019, ALL_LICENSED_WORDS, HUAWEI_2026, NATIONAL, ORGANISER_TYPES, SERVICE_TYPES, TENCENT_2022,
    licensed_words_with,
};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// What the providers' pages say of Anhui taken together.
const ANHUI: Cite = Cite::medium("接入商公开的安徽管局要求（华为云、腾讯云、阿里云）", "2026-07");

/// The book of Anhui.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Anhui,
    bureau: "安徽省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人可凭授权书由他人担任；此时两位负责人须为同一人。
    lr_mode: Param::new(LegalRepresentative::WithLetter, TENCENT_2022),
    p2_equals_p1_if_not_lr: Param::new(true, HUAWEI_2026),
    // 互联网信息服务负责人不是法定代表人的，须有授权书。
    p2_auth_letter: Param::new(true, ANHUI),
    // 个人未满 18 周岁的，提供监护人证件；来源未写下限。
    min_age_person: Param::new(0, ANHUI),
    minor_proof_person: Param::new(AgeProof { below: 18, any_of: &[paper::GUARDIAN_ID] }, ANHUI),
    // 外省个人须有居住证。
    xprov_person: Param::new(
        CrossProvincePerson::WithProof(Proof::any_of(&[paper::RESIDENCE_PERMIT])),
        TENCENT_2022,
    ),

    // 涉及前置审批字样而不涉及该业务的，可提供承诺书，并在备注中写明咨询记录。
    licensed_words: Param::reviewing(COMMITTED_WORDS, ANHUI),
    remark_rules: Param::new(
        &[
            // 单位无座机的，备注写明。
            RemarkRule::organiser(
                When::UNITS.types(ORGANISER_TYPES).when(&[If::NoOfficePhone]),
                "企业无座机",
                "that the unit has no landline",
            )
            .says(Says::OneOf(&["企业无座机"])),
            // 无字号个体工商户，备注写明。
            RemarkRule::organiser(
                When::UNITS.types(ORGANISER_TYPES).when(&[If::SoleTraderWithoutName]),
                "无字号无公章个体工商户",
                "that the sole trader has neither trade name nor seal",
            )
            .says(Says::OneOf(&["无字号无公章个体工商户"])),
            RemarkRule::service(
                When::UNITS.types(SERVICE_TYPES).when(&[If::Words(ALL_LICENSED_WORDS), If::NotPreApproved]),
                "前置审批电话咨询记录（咨询电话、部门、结果）",
                "the record of the call to the authority: phone, department, result",
            ),
        ],
        ANHUI,
    ),
    // 无字号个体工商户的名称填写法定代表人姓名。
    field_words: Param::new(
        &[FieldWords {
            when: When::UNITS.types(ORGANISER_TYPES).when(&[If::SoleTrader]),
            field: TextField::OrganiserName,
            words: &["*"],
            message_zh: "无字号个体工商户的名称须填写法定代表人姓名",
            message_en: "a sole trader without a trade name is named like its legal representative",
            remedy_zh: "名称改填法定代表人姓名，备注“无字号无公章个体工商户”",
            remedy_en: "enter the legal representative's name and remark 无字号无公章个体工商户",
        }],
        ANHUI,
    ),

    // 接入: 与原备案不一致的，凭变更证明可接入，接入后立即变更。
    access_match: Param::new(
        AccessMatch {
            unit: MatchSet::NAME_NUMBER,
            person: MatchSet::NAME_NUMBER,
            unless: Some(paper::RENAME_LETTER),
        },
        ALIBABA_2019,
    ),
    // 变更: 只可更名；统一社会信用代码变化的，注销后重新备案。
    change_organiser: Param::new(
        ChangePolicy { number_may_change: false, ..NATIONAL.change_organiser.value },
        HUAWEI_2026,
    ),

    documents: &[Document::new(paper::MATTER_COMMITMENT, ANHUI)
        .when(When::UNITS.types(SERVICE_TYPES).when(&[If::Words(ALL_LICENSED_WORDS), If::NotPreApproved]))
        .or(&[paper::TUTORING_COMMITMENT])
        .note("不涉及前置审批业务的承诺书；须同时在备注中写明电话咨询记录")],
    review_items: &[ReviewItem::new(
        "consult_record",
        R01,
        "services[].remark",
        (
            "涉及前置审批字样的，备注须有真实的电话咨询记录（电话、部门、结果）",
            "with words that point to a licence, the remark records the call to the authority: phone, department, result",
        ),
        ANHUI,
    )
    .when(When::UNITS.types(SERVICE_TYPES).when(&[If::Words(ALL_LICENSED_WORDS)]))],
    ..NATIONAL
};

/// The national words; a commitment serves beside the licence.
const COMMITTED_WORDS: &[icp_rules_sdk::book::LicensedWords] =
    &licensed_words_with(Instead::Commitment(paper::MATTER_COMMITMENT), false);

export_bureau!(BOOK);
