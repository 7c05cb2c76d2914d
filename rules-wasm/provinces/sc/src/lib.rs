//! 四川省通信管理局: the rule book of Sichuan's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    Counting, CrossProvincePerson, DomainHolder, IdUnique, If, LegalRepresentative, LicensedWords, OldNumber,
    PerNature, Plan, Proof, ProvinceBook, ReviewItem, SiteOpen, When, Whom, paper,
};
use icp_rules_sdk::catalogue::{S01, S10, V04};
use icp_rules_sdk::national::{HUAWEI_2026, NATIONAL, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// 华为云, 腾讯云 and 阿里云 agree on Sichuan.
const SICHUAN_AGREED: Cite = Cite::high("四川管局要求（华为云、腾讯云、阿里云一致）", "2025");
/// What one of them says.
const SICHUAN: Cite = Cite::medium("四川管局要求（华为云、腾讯云、阿里云各页）", "2025");

/// The book of Sichuan.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Sichuan,
    bureau: "四川省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人可为法定代表人授权的其他人；网站负责人不是法定代表人的，亦须授权书。
    lr_mode: Param::new(LegalRepresentative::WithLetter, SICHUAN_AGREED),
    p2_auth_letter: Param::new(true, SICHUAN_AGREED),
    // 单位负责人满 18 周岁；个人满 18 周岁（华为云；腾讯云 2022 曾允许 16 周岁附证明）。
    min_age_person: Param::new(18, HUAWEI_2026),
    // 外省个人: 居住证、学生证、社保、聘用合同或在职证明。
    xprov_person: Param::new(
        CrossProvincePerson::WithProof(Proof::any_of(&[
            paper::RESIDENCE_PERMIT,
            paper::STUDENT_CARD,
            paper::SOCIAL_INSURANCE,
            paper::EMPLOYMENT_CONTRACT,
            paper::EMPLOYMENT_PROOF,
        ])),
        SICHUAN_AGREED,
    ),
    // 两位负责人的证件均不得用于其他主办者。
    id_unique_across_subjects: Param::new(IdUnique::Everybody, SICHUAN),
    // 域名持有者为单位或法定代表人（阿里云 2019 另允许附证明的股东、高管）。
    domain_holder: Param::new(DomainHolder::UnitOrLegalRepresentative, SICHUAN_AGREED),
    // 域名超过 5 个的，须有情况说明: 单位盖章，个人按指印。
    plan_threshold: Param::new(
        &[Plan { above: PerNature::both(5), counting: Counting::DomainsInAll, paper: paper::SITUATION_STATEMENT }],
        SICHUAN_AGREED,
    ),
    // 网店执照: 备案域名须为执照住所所载域名。
    online_shop_domain: Param::new(true, SICHUAN),

    // 个人网站名称不得含英文、数字；不得为域名、本人姓名，不少于三个汉字 as everywhere.
    name_no_latin: Param::new(Whom::Persons, SICHUAN),
    name_no_digits: Param::new(Whom::Persons, SICHUAN),
    licensed_words_here: Param::new(
        &[
            // 名称含下列词的，须有前置审批。
            LicensedWords::new(
                0,
                ("互联网信息服务专项许可", "internet services with a licence"),
                "相应主管部门批准文件",
                &["论坛", "空间", "社区", "电子商务", "新闻", "医药", "广播", "视频"],
            ),
            // 教育: 批准文件，或手写承诺语句的不涉及校外培训承诺书。
            LicensedWords::new(14, ("教育", "education"), "教育部门批准文件", &["教育"])
                .or_commitment(paper::TUTORING_COMMITMENT),
        ],
        SICHUAN,
    ),

    // 旧证件号码: 以旧号码接入并上传新证件，再变更。
    access_old_number: Param::new(OldNumber::AccessFirst, TENCENT_2022),
    // 新增时已备案网站须能访问。
    site_open_policy: Param::new(SiteOpen::MustBeOpen, SICHUAN),
    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),

    review_items: &[
        ReviewItem::new(
            "commitment_by_hand",
            V04,
            "materials.tutoring-commitment",
            (
                "不涉及校外培训承诺书须手写规定的承诺语句",
                "the commitment that tutoring is not touched carries the prescribed sentence written by hand",
            ),
            SICHUAN,
        )
        .when(When::UNITS.when(&[If::Words(&["教育", "培训", "辅导"])])),
        ReviewItem::new(
            "statement_stamp",
            S10,
            "materials.situation-statement",
            (
                "域名超过 5 个的情况说明，单位加盖公章，个人按指印",
                "the statement on more than 5 domains is sealed by units, finger-printed by persons",
            ),
            SICHUAN_AGREED,
        )
        .when(When::ALWAYS.when(&[If::MoreThan(5, Counting::DomainsInAll)])),
        // 复印件一般不接受，故仍提示；个别情况由审核人员决定。
        ReviewItem::new(
            "copies_by_exception",
            S01,
            "materials",
            (
                "证件复印件仅在个别情况下接受，须加盖公章或按指印",
                "copies of certificates are taken only by exception, with stamp or finger print",
            ),
            TENCENT_2022,
        ),
    ],
    ..NATIONAL
};

export_bureau!(BOOK);
