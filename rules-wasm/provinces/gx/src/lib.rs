//! 广西壮族自治区通信管理局: the rule book of Guangxi's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, Counting, DistinctPhones, Instead, LicensedWords, MatchSet, MobileLocal, OrderLimit, PerNature, Plan,
    ProvinceBook, RemarkRule, ReviewItem, Says, SiteOpen, When, paper,
};
use icp_rules_sdk::catalogue::{C04, R01, S01};
use icp_rules_sdk::judge::{Case, Findings, Rule};
use icp_rules_sdk::national::{
    ALIBABA_2019, HUAWEI_2026, JD_2018, NATIONAL, PLEDGE_F1, SERVICE_TYPES, licensed_words_with,
};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::text::{is_blank, normalised};
use icp_rules_sdk::{Date, Province, Severity, export_bureau};

/// What the providers' pages say of Guangxi taken together.
const GUANGXI: Cite = Cite::medium("接入商公开的广西管局要求（华为云、腾讯云、阿里云）", "2026-07");

/// 单位性质 政府机关.
const NATURE_GOVERNMENT: u16 = 2;

/// The book of Guangxi.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Guangxi,
    bureau: "广西壮族自治区通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 互联网信息服务负责人不是法定代表人的，须有授权书（仅京东云 2018）。
    p2_auth_letter: Param::new(true, JD_2018),
    // 两位负责人均须用本区手机号码，并留两个不同号码。
    mobile_local: Param::new(MobileLocal::Everybody, GUANGXI),
    distinct_phones: Param::new(DistinctPhones { same_person: 2, different_persons: 2 }, GUANGXI),
    // 每个订单不超过 5 个网站。
    order_limits: Param::new(&[OrderLimit::services(PerNature::both(5))], GUANGXI),
    // 累计单位超过 5 个的，提供盖章说明；个人超过 3 个的，邮寄网站建设方案书。
    plan_threshold: Param::new(
        &[
            Plan { above: PerNature::units(5), counting: Counting::ServicesInAll, paper: paper::UNIT_LETTER },
            Plan { above: PerNature::persons(3), counting: Counting::ServicesInAll, paper: paper::SITE_PLAN },
        ],
        GUANGXI,
    ),
    // 已备案的网站须能打开并悬挂备案号。
    site_open_policy: Param::new(SiteOpen::MustBeOpenWithNumber, GUANGXI),

    // 涉及前置审批字样而不涉及该业务的，可提供统一模板的承诺书。
    licensed_words: Param::reviewing(COMMITTED_WORDS, GUANGXI),
    // 个人网站备注: 承诺。
    remark_rules: Param::new(
        &[RemarkRule::service(
            When::PERSONS.types(SERVICE_TYPES),
            "“本网站是个人网站，不含有企业、单位等非个人网站的信息……”",
            "the pledge of personal sites",
        )
        .says(Says::OneOf(PLEDGE_F1))],
        GUANGXI,
    ),

    // 接入: 单位与个人均只核对名称。
    access_match: Param::new(AccessMatch { unit: MatchSet::NAME, person: MatchSet::NAME, unless: None }, ALIBABA_2019),
    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),

    review_items: &[
        ReviewItem::new(
            "content_depth",
            C04,
            "services",
            (
                "网站内容须完整: 二级页面可打开，有标志和单位（个人）介绍",
                "the site is complete: second-level pages open, there are a logo and an introduction",
            ),
            GUANGXI,
        )
        .when(When::ALWAYS.types(SERVICE_TYPES)),
        ReviewItem::new(
            "pledge_complete",
            R01,
            "services[].remark",
            (
                "个人网站备注须含完整承诺（违反的接受注销备案并列入黑名单）",
                "the remark holds the whole pledge, with cancellation and blacklist as punishment",
            ),
            GUANGXI,
        )
        .when(When::PERSONS.types(SERVICE_TYPES)),
    ],
    extra: superior_unit,
    ..NATIONAL
};

/// The national words; a commitment serves beside the licence.
const COMMITTED_WORDS: &[LicensedWords] = &licensed_words_with(Instead::Commitment(paper::MATTER_COMMITMENT), false);

/// 机关的“投资人或上级主管单位”填写上级单位，不填本单位。
fn superior_unit(case: &Case<'_>, findings: &mut Findings) {
    let organiser = &case.order.organiser;
    let investor = organiser.investor.as_deref();
    let is_own = investor.is_some_and(|name| normalised(name) == case.organiser_name());
    if case.scope.organiser && organiser.nature == NATURE_GOVERNMENT && (is_blank(investor) || is_own) {
        findings.add_with_remedy(
            S01,
            Rule::new("investor_is_superior", Severity::Review, GUANGXI),
            "organiser.investor",
            ("机关的上级主管单位须填写上级单位", "a state body names the unit above it"),
            ("填写上级单位全称", "enter the full name of the unit above"),
        );
    }
}

export_bureau!(BOOK);
