//! 青海省通信管理局: the rule book of Qinghai's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, AgeProof, ChangePolicy, Document, DomainHolder, If, LicensedWords, MatchSet, ProvinceBook, RemarkRule,
    ReviewItem, Says, When, paper,
};
use icp_rules_sdk::catalogue::{T01, V04};
use icp_rules_sdk::national::{ALIBABA_2019, HUAWEI_PROVINCES_2025, NATIONAL, SERVICE_TYPES};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, OrderType, Province, export_bureau};

/// What 华为云, 腾讯云 and 阿里云 say of Qinghai, each in part.
const QINGHAI: Cite = Cite::medium("青海管局要求（华为云、腾讯云、阿里云各页）", "2025");
/// 阿里云 and 腾讯云 agree on changes of organisers.
const CHANGES_AGREED: Cite = Cite::high("主体变更规则（阿里云、腾讯云一致）", "2022");

/// The book of Qinghai.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Qinghai,
    bureau: "青海省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 变更须五图齐全，故只受理变更备案（主体与网站一并变更）。
    order_types: Param::new(
        &[
            OrderType::FirstFiling,
            OrderType::AddService,
            OrderType::AddServiceElsewhere,
            OrderType::AddAccess,
            OrderType::ContinueAccess,
            OrderType::ChangeBoth,
            OrderType::ChangeAccess,
            OrderType::DeregisterOrganiser,
            OrderType::DeregisterService,
            OrderType::CancelAccess,
            OrderType::Migrate,
        ],
        QINGHAI,
    ),

    // 主体负责人须为法定代表人；政府机关、事业单位可授权他人。
    lr_letter_natures: Param::new(&[2, 3], QINGHAI),
    // 网站负责人不是法定代表人的，须提供授权书。
    p2_auth_letter: Param::new(true, HUAWEI_PROVINCES_2025),
    // 个人满 18 周岁；未满 22 周岁提供在读或在职证明。
    minor_proof_person: Param::new(
        AgeProof { below: 22, any_of: &[paper::STUDY_PROOF, paper::EMPLOYMENT_PROOF] },
        QINGHAI,
    ),
    // 域名持有者为单位或法定代表人（华为云 2025；腾讯云 2022 只接受单位）。
    domain_holder: Param::new(DomainHolder::UnitOrLegalRepresentative, HUAWEI_PROVINCES_2025),

    // 教育仍须前置审批。
    licensed_words_here: Param::new(
        &[LicensedWords::new(3, ("教育", "education"), "教育部门批准文件", &["教育", "培训", "网校"])],
        ALIBABA_2019,
    ),
    // 网站名称相同的，备注各网站用途。
    remark_rules: Param::new(
        &[RemarkRule::service(
            When::ALWAYS.when(&[If::NameTwice]),
            "同名网站各自的用途，如“本网站用途：某某”",
            "the purpose of each site with the same name",
        )
        .says(Says::OneOf(&["用途"]))],
        QINGHAI,
    ),

    // 接入: 主办单位名称、证件号码、网站负责人须与原备案一致；个人核对姓名与证件号码。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_NUMBER_SERVICE_PRINCIPAL, person: MatchSet::NAME_NUMBER, unless: None },
        ALIBABA_2019,
    ),
    // 主体变更不限。
    change_organiser: Param::new(ChangePolicy::FREE, CHANGES_AGREED),

    // 变更备案五图: 主体证件、主体负责人证件、核验单、网站负责人证件、网站负责人照片；other four are asked for everywhere.
    documents: &[Document::new(paper::VERIFICATION_SLIP, QINGHAI)
        .when(When::ALWAYS.types(&[OrderType::ChangeBoth]))
        .each_service()],
    review_items: &[
        ReviewItem::new(
            "five_pictures",
            V04,
            "materials",
            (
                "变更备案五图须齐全：主体证件、主体负责人证件、核验单、网站负责人证件、网站负责人照片",
                "a change brings all five pictures: certificate, both identity documents, slip, picture of P2",
            ),
            QINGHAI,
        )
        .when(When::ALWAYS.types(&[OrderType::ChangeBoth])),
        ReviewItem::new(
            "phone_of_person_in_charge",
            T01,
            "organiser.principal.mobile",
            (
                "电话须为负责人本人，不得为网站建设公司或代办人员",
                "the phone is that of the person in charge, not of a web agency",
            ),
            QINGHAI,
        )
        .when(When::ALWAYS.types(SERVICE_TYPES)),
    ],
    ..NATIONAL
};

export_bureau!(BOOK);
