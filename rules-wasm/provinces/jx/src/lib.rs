//! 江西省通信管理局: the rule book of Jiangxi's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, AgeProof, ChangePolicy, CrossProvincePerson, Document, DomainHolder, FieldWords, IdUnique, If,
    LicensedWords, MatchSet, OrderLimit, PerNature, PersonToUnit, Proof, ProvinceBook, RemarkRule, Says, SiteOpen,
    TextField, When, paper,
};
use icp_rules_sdk::national::{ALIBABA_2019, NATIONAL, NEW_SERVICE_TYPES, SERVICE_TYPES, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// What the providers' pages say of Jiangxi taken together.
const JIANGXI: Cite = Cite::medium("接入商公开的江西管局要求（华为云、腾讯云、阿里云）", "2026-07");
/// Huawei Cloud's page on Jiangxi.
const HUAWEI_JX_2025: Cite = Cite::medium("华为云·江西管局要求", "2025");

/// The book of Jiangxi.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Jiangxi,
    bureau: "江西省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 互联网信息服务负责人不是法定代表人的，须有授权书；一人只可担任一家单位的互联网信息服务负责人（管局从严，故拦截）。
    p2_auth_letter: Param::new(true, JIANGXI),
    id_unique_across_subjects: Param::blocking(IdUnique::ServicePrincipals, TENCENT_2022),
    // 个人满 16 周岁，无须证明。
    min_age_person: Param::new(16, JIANGXI),
    minor_proof_person: Param::new(AgeProof { below: 16, any_of: &[] }, JIANGXI),
    // 外省个人须有居住证（华为云 2025；腾讯云 2022、阿里云 2019 不允许外省个人）。
    xprov_person: Param::new(CrossProvincePerson::WithProof(Proof::any_of(&[paper::RESIDENCE_PERMIT])), HUAWEI_JX_2025),
    // 域名持有者可为单位、法定代表人，或附证明的股东、高管。
    domain_holder: Param::new(DomainHolder::UnitPlus(&[paper::SHAREHOLDER_PROOF]), JIANGXI),
    // 已备案网站单位超过 15 个、个人超过 7 个的，每个订单只可备案 1 个。
    order_limits: Param::new(
        &[OrderLimit::services(PerNature::both(1)).if_filed_above(PerNature::of_each(15, 7))],
        JIANGXI,
    ),
    // 新增时已备案的网站须能打开。
    site_open_policy: Param::new(SiteOpen::MustBeOpen, JIANGXI),

    // 单位服务内容只可选择“单位门户网站”。
    content_allow_unit: Param::new(&[8], JIANGXI),
    licensed_words_here: Param::new(
        &[
            // 承诺书只适用于单独的“文化”及“个人互联网直播”。
            LicensedWords::new(9, ("网络文化", "internet culture"), "网络文化经营许可证", &["文化", "个人互联网直播"])
                .except(&["网络文化", "互联网文化"])
                .or_commitment(paper::CULTURE_COMMITMENT),
            LicensedWords::new(9, ("网络文化", "internet culture"), "网络文化经营许可证", &["网络文化", "互联网文化"]),
            // 教育、体育、艺术类: 不涉及校外培训承诺书。
            LicensedWords::new(
                14,
                ("校外培训", "tutoring"),
                "教育部门批准文件或不涉及校外培训承诺书",
                &["教育", "体育", "艺术"],
            )
            .or_commitment(paper::TUTORING_COMMITMENT),
        ],
        JIANGXI,
    ),
    // 备注必填: “该网站xxx不涉及前置审批业务”或“涉及XX前置审批业务”。
    remark_rules: Param::new(
        &[
            RemarkRule::service(
                When::ALWAYS.types(SERVICE_TYPES).when(&[If::NotPreApproved]),
                "该网站（名称）不涉及前置审批业务",
                "that the site touches nothing that needs a licence first: 该网站xxx不涉及前置审批业务",
            )
            .says(Says::OneOf(&["不涉及前置审批业务"])),
            RemarkRule::service(
                When::ALWAYS.types(SERVICE_TYPES).when(&[If::PreApproved]),
                "涉及（类别）前置审批业务",
                "which licence was given first: 涉及XX前置审批业务",
            )
            .says(Says::AllOf(&["涉及", "前置审批业务"])),
        ],
        JIANGXI,
    ),

    field_words: Param::new(
        &[FieldWords {
            when: When::ALWAYS.types(SERVICE_TYPES).when(&[If::PreApproved]),
            field: TextField::ServiceRemark,
            words: &["不涉及前置审批业务"],
            message_zh: "已填写前置审批，备注不得写不涉及",
            message_en: "a licence given first is named, so the remark cannot say that none is needed",
            remedy_zh: "备注改写为“涉及XX前置审批业务”",
            remedy_en: "write 涉及XX前置审批业务",
        }],
        JIANGXI,
    ),

    // 接入: 单位核对名称、证件号码、负责人。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_NUMBER_PRINCIPAL, person: MatchSet::NAME_NUMBER, unless: None },
        ALIBABA_2019,
    ),
    // 变更: 只可更名；个人不得变更为单位（腾讯云 2022；阿里云 2019 允许变更为本人担任法定代表人的单位）。
    change_organiser: Param::new(
        ChangePolicy { person_to_unit: PersonToUnit::Never, ..NATIONAL.change_organiser.value },
        TENCENT_2022,
    ),

    documents: &[
        // 外省的互联网信息服务负责人提供居住证。
        Document::new(paper::RESIDENCE_PERMIT, ALIBABA_2019)
            .when(When::UNITS.types(SERVICE_TYPES).when(&[If::ServicePrincipalFromElsewhere]))
            .each_service()
            .note("互联网信息服务负责人的居住证"),
        // 机关、事业单位先取得编办证明。
        Document::new(paper::ESTABLISHMENT_PROOF, ALIBABA_2019)
            .when(When::UNITS.types(NEW_SERVICE_TYPES).when(&[If::Nature(&[2, 3])]))
            .note("机关、事业单位须先经编办办理"),
    ],
    ..NATIONAL
};

export_bureau!(BOOK);
