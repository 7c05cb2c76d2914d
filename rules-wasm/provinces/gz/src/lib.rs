//! 贵州省通信管理局: the rule book of Guizhou's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, CrossProvincePerson, DomainHolder, FieldWords, If, MatchSet, OrderLimit, PerNature,
    PersonToUnit, Proof, ProvinceBook, ReviewItem, SiteOpen, TextField, When, paper,
};
use icp_rules_sdk::catalogue::{C04, S07, S12, V04};
use icp_rules_sdk::judge::{Case, Findings, Rule};
use icp_rules_sdk::national::{ALIBABA_2019, HUAWEI_2026, NATIONAL, ORGANISER_TYPES, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, OrderType, Province, Severity, export_bureau};

/// What 华为云, 腾讯云 and 阿里云 say of Guizhou, each in part.
const GUIZHOU: Cite = Cite::medium("贵州管局要求（华为云、腾讯云、阿里云各页）", "2025");

/// The book of Guizhou.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Guizhou,
    bureau: "贵州省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 网站负责人不是法定代表人的，须提供授权书。
    p2_auth_letter: Param::new(true, GUIZHOU),
    // 外省个人须有居住证。
    xprov_person: Param::new(CrossProvincePerson::WithProof(Proof::any_of(&[paper::RESIDENCE_PERMIT])), GUIZHOU),
    // 单位通信地址与证件住所须在同一市（州）。
    address_same_city: Param::new(CITIES, GUIZHOU),
    // 域名持有者为单位或法定代表人（腾讯云 2022；阿里云 2019 只接受单位）。
    domain_holder: Param::new(DomainHolder::UnitOrLegalRepresentative, TENCENT_2022),
    // 每个订单最多 5 个网站；域名超过 3 个的，须域名证书。
    order_limits: Param::new(&[OrderLimit::services(PerNature::both(5))], GUIZHOU),
    domain_certificates_from: Param::new(PerNature::both(4), GUIZHOU),

    // 个人网站名称禁用词。
    name_deny_person: Param::new(
        &[
            "评论",
            "信息",
            "互联",
            "官网",
            "排行榜",
            "行业",
            "宣传",
            "电商",
            "售后",
            "学院",
            "传媒",
            "媒体",
            "股票",
            "证券",
            "彩票",
            "体彩",
            "刮刮乐",
            "资讯",
            "网址",
            "平台",
            "主页",
            "热线",
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
            "购",
            "返现",
            "购物",
            "导购",
            "淘宝",
            "网淘",
            "旺铺",
            "网购",
            "批发",
            "团购",
            "易购",
        ],
        ALIBABA_2019,
    ),
    // 个人不得选择“博客/个人空间”。
    content_deny_person: Param::new(&[6], ALIBABA_2019),
    // 备注不得出现论坛、博客。
    field_words: Param::new(&[FORUM, FieldWords { field: TextField::OrganiserRemark, ..FORUM }], GUIZHOU),

    // 接入: 主办单位名称、证件号码、主体负责人须与原备案一致；个人核对姓名与证件号码。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_NUMBER_PRINCIPAL, person: MatchSet::NAME_NUMBER, unless: None },
        ALIBABA_2019,
    ),
    // 已备案网站开通的须正确悬挂备案号，否则关闭。
    site_open_policy: Param::new(SiteOpen::OpenOnlyWithNumber, GUIZHOU),
    // 主体变更: 只可更名，个人不得变更为单位（腾讯云 2022；阿里云 2019 不限）。
    change_organiser: Param::new(
        ChangePolicy { person_to_unit: PersonToUnit::Never, ..NATIONAL.change_organiser.value },
        TENCENT_2022,
    ),
    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),

    review_items: &[
        ReviewItem::new(
            "seat_is_licence_address",
            S12,
            "organiser.address",
            (
                "单位所在地须与证件住所一致，不得跨市",
                "the unit's seat is the address on the licence, not in another city",
            ),
            GUIZHOU,
        )
        .when(When::UNITS.types(ORGANISER_TYPES)),
        ReviewItem::new(
            "open_sites_are_right",
            C04,
            "on_record.services",
            (
                "已开通的网站内容须与备案一致，否则先关闭",
                "sites that are open show what was filed, or are closed first",
            ),
            GUIZHOU,
        )
        .when(When::ALWAYS.types(&[OrderType::AddService, OrderType::AddServiceElsewhere])),
        ReviewItem::new(
            "new_letter_of_new_principal",
            V04,
            "materials.authorisation-service",
            (
                "更换主体负责人的，须重新出具网站负责人授权书",
                "with a new person in charge of the organiser, the letter for the service's is written anew",
            ),
            HUAWEI_2026,
        )
        .when(When::UNITS.types(&[OrderType::ChangeBoth]).when(&[If::PrincipalChanged])),
    ],
    extra: new_principal,
    ..NATIONAL
};

const FORUM: FieldWords = FieldWords {
    when: When::ALWAYS,
    field: TextField::ServiceRemark,
    words: &["论坛", "博客"],
    message_zh: "备注不得出现论坛、博客字样",
    message_en: "the remark does not speak of forums or blogs",
    remedy_zh: "修改备注",
    remedy_en: "change the remark",
};

/// 更换主体负责人须办理变更备案（主体与网站一并变更）。
fn new_principal(case: &Case<'_>, findings: &mut Findings) {
    let before = case.on_record().and_then(|record| record.principal_id_number.as_deref());
    let now = &case.order.organiser.principal.id.number;
    let is_new = before.is_some_and(|before| !before.eq_ignore_ascii_case(now));
    if case.order.order_type == OrderType::ChangeOrganiser && is_new && !case.is_person() {
        findings.add_with_remedy(
            S07,
            Rule::new("new_principal_changes_both", Severity::Review, HUAWEI_2026),
            "order_type",
            (
                "更换主体负责人须办理变更备案，不得只变更主体",
                "a new person in charge needs a change of organiser and service together",
            ),
            ("改为变更备案，并重新出具授权书", "file a change of both, with a new letter of authorisation"),
        );
    }
}

/// 地级市、自治州 with their codes.
const CITIES: &[(u32, &str)] = &[
    (520_100, "贵阳市"),
    (520_200, "六盘水市"),
    (520_300, "遵义市"),
    (520_400, "安顺市"),
    (520_500, "毕节市"),
    (520_600, "铜仁市"),
    (522_300, "黔西南布依族苗族自治州"),
    (522_600, "黔东南苗族侗族自治州"),
    (522_700, "黔南布依族苗族自治州"),
];

export_bureau!(BOOK);
