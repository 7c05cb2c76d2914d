//! 天津市通信管理局: the rule book of Tianjin's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    CrossProvincePerson, Document, DomainHolder, IdUnique, If, MaxAges, ProvinceBook, RemarkRule, ReviewItem, Says,
    SiteOpen, When, paper,
};
use icp_rules_sdk::catalogue::{N01, S01, S12};
use icp_rules_sdk::judge::{Case, Findings, Rule};
use icp_rules_sdk::national::{
    ALIBABA_2019, HUAWEI_2026, NATIONAL, ORGANISER_TYPES, PLEDGE_F1, SERVICE_TYPES, TENCENT_2022,
};
use icp_rules_sdk::param::Param;
use icp_rules_sdk::text::normalised;
use icp_rules_sdk::{Date, OrderType, Province, Severity, export_bureau};

/// 滨海新区.
const BINHAI: u32 = 120_116;
/// 南开区 and 西青区, between which 华苑 lies.
const HUAYUAN: [u32; 2] = [120_104, 120_111];

/// Types that change the organiser.
const ORGANISER_CHANGES: &[OrderType] = &[OrderType::ChangeOrganiser, OrderType::ChangeBoth];

/// The book of Tianjin.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Tianjin,
    bureau: "天津市通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人须为法定代表人，同全国。互联网信息服务负责人不是法定代表人的须有授权书，并与主体负责人不是同一人。
    p2_auth_letter: Param::new(true, TENCENT_2022),
    p2_differs_from_p1: Param::new(true, ALIBABA_2019),
    // 互联网信息服务负责人未到退休年龄: 男 60 周岁，女 55 周岁。
    max_age_p2: Param::new(MaxAges { men: Some(60), women: Some(55) }, TENCENT_2022),
    // 个人满 18 周岁（华为云；腾讯云 2022: 未满 18 周岁由监护人同意），同全国。
    // 外省个人可备案（华为云）。手机不限本地（腾讯云 2022；阿里云 2019 个人须本地）。
    xprov_person: Param::new(CrossProvincePerson::Allow, HUAWEI_2026),
    // 两位负责人的证件和手机均不得用于其他主体。
    id_unique_across_subjects: Param::new(IdUnique::Everybody, TENCENT_2022),
    phone_unique_across_subjects: Param::new(true, TENCENT_2022),
    // 域名持有者可为单位、法定代表人，或附证明的股东、高管。个人域名须由本人持有，各方一致，故拦截。
    domain_holder: Param::blocking(DomainHolder::UnitPlus(&[paper::SHAREHOLDER_PROOF]), TENCENT_2022),

    // 个人网站名称在全国禁用词之外不得含“分享”。名称至少 3 个汉字，同全国。
    name_deny_person: Param::new(&["分享"], HUAWEI_2026),
    remark_rules: Param::new(
        &[
            // 未留固定电话的，备注第二联系电话使用人的姓名和职务。
            RemarkRule::organiser(
                When::UNITS.types(ORGANISER_TYPES).when(&[If::NoOfficePhone]),
                "第二联系电话使用人的姓名和职务",
                "name and position of the person who answers the second phone",
            )
            .says(Says::OneOf(&["职务", "职位", "岗位"])),
            // 个人网站承诺。
            RemarkRule::service(
                When::PERSONS,
                "“本网站是个人网站，不含有企业、单位等非个人网站的信息……”，违反的接受注销备案并列入黑名单",
                "the pledge of personal sites, accepting cancellation and the black list as punishment",
            )
            .says(Says::OneOf(PLEDGE_F1)),
            // IP 分布在多个省的，备注说明。
            RemarkRule::service(
                When::ALWAYS.when(&[If::AddressesInSeveralProvinces]),
                "使用多个省 IP 的原因",
                "why the addresses stand in several provinces",
            ),
        ],
        TENCENT_2022,
    ),

    // 备案满 6 个月的网站须能打开。
    site_open_policy: Param::new(SiteOpen::MustBeOpenAfterDays(180), ALIBABA_2019),
    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),

    // 个人变更为单位: 提供单位名下的域名证书。
    documents: &[Document::new(paper::DOMAIN_CERTIFICATE, TENCENT_2022)
        .when(When::UNITS.types(ORGANISER_CHANGES).when(&[If::RecordedNature(&[5])]))
        .note("域名已过户到单位名下")],
    review_items: &[
        ReviewItem::new(
            "huayuan_district",
            S12,
            "organiser.address.county_code",
            ("华苑产业区: 环内选南开区，环外选西青区", "Huayuan: Nankai within the ring road, Xiqing outside of it"),
            TENCENT_2022,
        )
        .when(When::ALWAYS.when(&[If::AddressWords(&["华苑"])])),
        ReviewItem::new(
            "student_address",
            S12,
            "organiser.address.detail",
            ("学生的通信地址须写明院系、班级", "the address of a student names faculty and class"),
            TENCENT_2022,
        )
        .when(When::PERSONS.when(&[If::AddressWords(&["大学", "学院", "学校"])])),
        ReviewItem::new(
            "sole_trader_is_enterprise",
            S01,
            "organiser.nature",
            ("个体工商户只能按企业备案", "a sole trader files as an enterprise only"),
            TENCENT_2022,
        )
        .when(When::PERSONS),
        ReviewItem::new(
            "name_suffix",
            N01,
            "services[].name",
            (
                "网站名称至少 3 个汉字，后缀不得使用管局禁用词（资讯、网站、网络、平台、论坛、分享等）",
                "the name has 3 Chinese characters and does not end in one of the bureau's forbidden words",
            ),
            TENCENT_2022,
        )
        .when(When::ALWAYS.types(SERVICE_TYPES)),
    ],
    extra: districts,
    ..NATIONAL
};

/// 通信地址: 自贸区、空港选滨海新区；华苑选南开区或西青区。
fn districts(case: &Case<'_>, findings: &mut Findings) {
    let address = &case.order.organiser.address;
    let Some(county) = address.county_code.filter(|_| case.scope.organiser) else { return };
    let detail = normalised(&address.detail);
    let is_binhai = detail.contains("自贸") || detail.contains("空港");
    let is_wrong = is_binhai && county != BINHAI || detail.contains("华苑") && !HUAYUAN.contains(&county);
    if is_wrong {
        findings.add_with_remedy(
            S12,
            Rule::new("special_district", Severity::Review, TENCENT_2022),
            "organiser.address.county_code",
            ("该区域须选择指定的行政区", "this area is filed under another district"),
            (
                "自贸区、空港选滨海新区；华苑环内选南开区，环外选西青区",
                "free trade zone and airport zone: Binhai; Huayuan: Nankai or Xiqing",
            ),
        );
    }
}

export_bureau!(BOOK);
