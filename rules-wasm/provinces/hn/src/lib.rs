//! 湖南省通信管理局: the rule book of Hunan's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, Counting, CrossProvincePerson, Document, DomainHolder, If, MatchSet, MobileLocal,
    OrderLimit, PerNature, Plan, ProvinceBook, When, paper,
};
use icp_rules_sdk::catalogue::S07;
use icp_rules_sdk::judge::{Case, Findings, Rule};
use icp_rules_sdk::national::{ALIBABA_2019, CHANGE_TYPES, HUAWEI_2026, NATIONAL, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, OrderType, Province, Severity, export_bureau};

/// Where the providers' pages agree on Hunan.
const HUNAN_AGREED: Cite = Cite::high("湖南管局要求（华为云、腾讯云、阿里云一致）", "2026-07");
/// What the providers' pages say of Hunan taken together.
const HUNAN: Cite = Cite::medium("接入商公开的湖南管局要求（华为云、腾讯云、阿里云）", "2026-07");

/// The book of Hunan.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Hunan,
    bureau: "湖南省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 互联网信息服务负责人不是法定代表人的，须有授权书。
    p2_auth_letter: Param::new(true, HUNAN_AGREED),
    // 外省个人可在湖南备案。
    xprov_person: Param::new(CrossProvincePerson::Allow, HUNAN_AGREED),
    // 个人须用本省手机号码（华为云 2026；早年要求所有负责人）。
    mobile_local: Param::new(MobileLocal::Persons, HUAWEI_2026),
    // 每个订单只可备案 1 个网站；已有 1 个以上网站的，提交网站建设方案书（PDF）。
    order_limits: Param::new(&[OrderLimit::services(PerNature::both(1))], HUNAN_AGREED),
    plan_threshold: Param::new(
        &[Plan { above: PerNature::both(1), counting: Counting::ServicesFiled, paper: paper::SITE_PLAN }],
        HUNAN_AGREED,
    ),
    // 域名持有者只可为单位。每个域名提供域名证书。境外注册的域名不予备案，见全国要求。
    domain_holder: Param::new(DomainHolder::Unit, HUNAN_AGREED),
    domain_certificates_from: Param::new(PerNature::both(1), HUNAN),
    // 备案 IP 与域名解析 IP 一致。
    dns_matches_access: Param::new(true, HUNAN),

    // 个人网站名称禁用词。出自单一来源，但管局据此直接退回，故拦截。
    name_deny_person: Param::blocking(
        &[
            "官网",
            "电商",
            "报价",
            "企业",
            "售后",
            "学院",
            "产业",
            "媒体",
            "博客",
            "论坛",
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
    // 个人不得选择“博客/个人空间”。
    content_deny_person: Param::new(&[6], ALIBABA_2019),

    // 新增（无主体）、接入: 全部资料须与备案记录一致。名称、号码、负责人全国都拦截，湖南要求更多，不应更轻，故拦截。
    add_match: Param::blocking(MatchSet::ALL, HUNAN),
    access_match: Param::new(AccessMatch { unit: MatchSet::ALL, person: MatchSet::ALL, unless: None }, ALIBABA_2019),
    // 主体变更不限。
    change_organiser: Param::new(ChangePolicy::FREE, TENCENT_2022),

    // 更换主体负责人的，须重新提供授权书。
    documents: &[Document::new(paper::AUTHORISATION_SERVICE, HUAWEI_2026)
        .when(When::UNITS.types(CHANGE_TYPES).when(&[If::PrincipalChanged]))
        .note("更换主体负责人后重新出具的授权书")],
    extra: new_principal_changes_both,
    ..NATIONAL
};

/// 更换主体负责人须办理“变更备案”（主体与网站一并变更）。
fn new_principal_changes_both(case: &Case<'_>, findings: &mut Findings) {
    let order = case.order;
    let recorded = case.on_record().and_then(|record| record.principal_id_number.as_deref());
    let is_new = recorded.is_some_and(|number| !number.eq_ignore_ascii_case(&order.organiser.principal.id.number));
    if is_new && !case.is_person() && order.order_type == OrderType::ChangeOrganiser {
        findings.add_with_remedy(
            S07,
            Rule::new("new_principal_changes_both", Severity::Review, HUAWEI_2026),
            "order_type",
            (
                "更换主体负责人须办理变更备案，不能只变更主体",
                "a new person in charge is a change of organiser and services together",
            ),
            ("改为提交“变更备案”", "file a change of both"),
        );
    }
}

export_bureau!(BOOK);
