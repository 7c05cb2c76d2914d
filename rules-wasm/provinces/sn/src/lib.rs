//! 陕西省通信管理局: the rule book of Shaanxi's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    ChangePolicy, ContentPermit, CrossProvincePerson, If, LicensedWords, MobileLocal, OrderLimit, PerNature,
    PersonToUnit, ProvinceBook, ReviewItem, When, Whom,
};
use icp_rules_sdk::catalogue::{N01, V04};
use icp_rules_sdk::national::{
    ALIBABA_2019, FINANCE_WORDS, HUAWEI_2026, HUAWEI_PROVINCES_2025, NATIONAL, TENCENT_2022,
};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, OrderType, Province, export_bureau};

/// 华为云, 腾讯云 and 阿里云 agree on Shaanxi.
const SHAANXI_AGREED: Cite = Cite::high("陕西管局要求（华为云、腾讯云、阿里云一致）", "2025");
/// What one of them says.
const SHAANXI: Cite = Cite::medium("陕西管局要求（华为云、腾讯云、阿里云各页）", "2025");

/// The book of Shaanxi.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Shaanxi,
    bureau: "陕西省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 网站负责人不是法定代表人的，须提供授权书。
    p2_auth_letter: Param::new(true, SHAANXI_AGREED),
    // 受理外省个人。
    xprov_person: Param::new(CrossProvincePerson::Allow, HUAWEI_2026),
    // 手机号码须为本省号段。
    mobile_local: Param::new(MobileLocal::Everybody, SHAANXI_AGREED),
    // 首次备案最多 5 个网站；单位合计最多 30 个，个人最多 5 个。
    order_limits: Param::new(&[OrderLimit::services(PerNature::both(5)).only(&[OrderType::FirstFiling])], ALIBABA_2019),
    services_total_max: Param::new(PerNature::of_each(30, 5), SHAANXI_AGREED),
    // 域名满 5 个的，须域名证书。
    domain_certificates_from: Param::new(PerNature::both(5), SHAANXI_AGREED),
    // 政府机关可以 IP 地址备案。
    site_by_address: Param::new(&[2], HUAWEI_PROVINCES_2025),

    // 个人选择“博客/个人空间”的，须网信办批准。
    content_permits: Param::new(
        &[ContentPermit { contents: &[6], from: Whom::Persons, permit_zh: "网信办批准文件" }],
        SHAANXI,
    ),
    // 金融: 经营范围涉及的亦须批准。
    licensed_words_here: Param::new(
        &[LicensedWords::new(13, ("金融", "finance"), "金融管理部门批准文件", FINANCE_WORDS).in_scope()],
        SHAANXI,
    ),

    // 主体变更: 只可更名；个人不得变更为单位（阿里云 2019）。
    change_organiser: Param::new(
        ChangePolicy { person_to_unit: PersonToUnit::Never, ..NATIONAL.change_organiser.value },
        ALIBABA_2019,
    ),
    // 支持主体间网站迁移: as everywhere (`migrate`).
    review_items: &[
        ReviewItem::new(
            "same_name_other_content",
            N01,
            "services[].name",
            ("网站名称相同的，内容须不同", "sites with the same name have different contents"),
            SHAANXI,
        )
        .when(When::ALWAYS.when(&[If::NameTwice])),
        ReviewItem::new(
            "commitment_template",
            V04,
            "materials.tutoring-commitment",
            (
                "不涉及承诺书使用管局统一模板，不得用于其他类别或他省",
                "the commitment follows the bureau's template, of this category and province",
            ),
            TENCENT_2022,
        )
        .when(When::UNITS.when(&[If::Words(&["学科培训", "校外培训", "辅导班"])])),
    ],
    ..NATIONAL
};

export_bureau!(BOOK);
