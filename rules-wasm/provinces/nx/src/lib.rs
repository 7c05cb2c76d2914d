//! 宁夏回族自治区通信管理局: the rule book of Ningxia's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, Counting, CrossProvincePerson, DomainHolder, If, MatchSet, OldNumber, PerNature,
    PersonToUnit, Plan, ProvinceBook, RemarkRule, ReviewItem, Says, SiteOpen, When, paper,
};
use icp_rules_sdk::catalogue::{C05, V04};
use icp_rules_sdk::national::{
    ALIBABA_2019, HUAWEI_2026, HUAWEI_PROVINCES_2025, NATIONAL, NEW_SERVICE_TYPES, TENCENT_2022,
};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// What 华为云, 腾讯云 and 阿里云 say of Ningxia, each in part.
const NINGXIA: Cite = Cite::medium("宁夏管局要求（华为云、腾讯云、阿里云各页）", "2025");

/// The book of Ningxia.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Ningxia,
    bureau: "宁夏回族自治区通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 网站负责人不是法定代表人的，须提供授权书。
    p2_auth_letter: Param::new(true, NINGXIA),
    // 不受理外省个人（华为云 2026、阿里云 2019；腾讯云 2022 曾接受一年以上租房合同或房产证）。
    xprov_person: Param::new(CrossProvincePerson::Deny, HUAWEI_2026),
    // 投资人或上级主管单位填写法定代表人。
    investor_is_representative: Param::new(true, NINGXIA),
    // 主体负责人手机与应急电话不同。
    emergency_differs: Param::new(true, NINGXIA),
    // 域名持有者须为单位本身，法定代表人亦不可。
    domain_holder: Param::new(DomainHolder::Unit, NINGXIA),
    // .org 域名不得接入。
    suffix_deny_access: Param::new(&["org"], NINGXIA),
    // 已备案满 5 个网站的，须情况说明书。
    plan_threshold: Param::new(
        &[Plan { above: PerNature::both(4), counting: Counting::ServicesFiled, paper: paper::SITUATION_STATEMENT }],
        HUAWEI_PROVINCES_2025,
    ),
    // 个人合计满 3 个网站的，说明各网站用途。
    remark_rules: Param::new(
        &[RemarkRule::service(
            When::PERSONS.types(NEW_SERVICE_TYPES).when(&[If::MoreThan(2, Counting::ServicesInAll)]),
            "各网站的用途，如“网站用途：某某”",
            "what each site is for",
        )
        .says(Says::OneOf(&["用途"]))],
        NINGXIA,
    ),

    // 个人网站名称禁用词。
    name_deny_person: Param::new(
        &[
            "网",
            "技术",
            "信息",
            "工作室",
            "资讯",
            "网站",
            "网络",
            "网址",
            "爱好者",
            "作品展示",
            "平台",
            "主页",
            "热线",
            "社团",
            "导航",
            "博客",
            "论坛",
            "在线",
            "社区",
            "交流",
            "营销",
            "商城",
            "交易",
            "折扣",
            "定做",
            "定制",
            "购",
            "返现",
            "购物",
            "贸易",
            "导购",
            "淘宝",
            "网淘",
            "阿里",
            "诚信通",
            "旺铺",
            "网购",
            "批发",
            "市场",
            "利润",
            "团购",
            "易购",
            "商务",
        ],
        ALIBABA_2019,
    ),

    // 接入: 主办单位名称、证件号码、网站负责人须与原备案一致；个人核对姓名与证件号码。旧证件号码须先变更或注销。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_NUMBER_SERVICE_PRINCIPAL, person: MatchSet::NAME_NUMBER, unless: None },
        ALIBABA_2019,
    ),
    access_old_number: Param::new(OldNumber::ChangeFirst, TENCENT_2022),
    // 新增时已备案网站须能访问。
    site_open_policy: Param::new(SiteOpen::MustBeOpen, NINGXIA),
    // 主体变更: 只可更名；个人不得变更为单位。
    change_organiser: Param::new(
        ChangePolicy { person_to_unit: PersonToUnit::Never, ..NATIONAL.change_organiser.value },
        TENCENT_2022,
    ),

    review_items: &[
        ReviewItem::new(
            "religion_office",
            C05,
            "services[].pre_approvals",
            ("涉及宗教的，须经宗教事务局批准", "what touches religion is approved by the office of religious affairs"),
            NINGXIA,
        )
        .when(When::ALWAYS.when(&[If::Words(RELIGION)])),
        ReviewItem::new(
            "religion_office_by_scope",
            C05,
            "services[].pre_approvals",
            (
                "经营范围涉及宗教的，须经宗教事务局批准",
                "a business scope that touches religion is approved by the office of religious affairs",
            ),
            NINGXIA,
        )
        .when(When::UNITS.when(&[If::ScopeWords(RELIGION)])),
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

const RELIGION: &[&str] = &["宗教", "佛教", "道教", "基督", "伊斯兰", "天主"];

export_bureau!(BOOK);
