//! 河北省通信管理局: the rule book of Hebei's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, Counting, CrossProvincePerson, Document, If, LegalRepresentative, LicensedWords,
    MatchSet, MobileLocal, OldNumber, OrderLimit, PerNature, ProvinceBook, RemarkRule, ReviewItem, When, paper,
};
use icp_rules_sdk::catalogue::{A01, T04};
use icp_rules_sdk::judge::{Case, Findings, Rule};
use icp_rules_sdk::national::{ACCESS_TYPES, ALIBABA_2019, HUAWEI_PROVINCES_2025, NATIONAL, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, Severity, export_bureau};

/// 腾讯云 and 阿里云 agree on Hebei's changes of organiser.
const CHANGES_AGREED: Cite = Cite::high("河北变更主体规则（腾讯云、阿里云一致）", "2022");

/// 证件类型 护照 and 外国人永久居留身份证.
const KINDS_FOREIGN: &[u16] = &[7, 30];
/// Area codes of Hebei's landlines.
const AREA_CODES: [&str; 11] = ["0310", "0311", "0312", "0313", "0314", "0315", "0316", "0317", "0318", "0319", "0335"];

/// The book of Hebei.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Hebei,
    bureau: "河北省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人须为法定代表人；外籍法定代表人可授权中国公民。须为法定代表人一节各方一致，故拦截。
    lr_mode: Param::blocking(LegalRepresentative::MustUnlessForeign, HUAWEI_PROVINCES_2025),
    // 外省个人可备案，须用本地手机；外国人不得以个人备案。
    xprov_person: Param::new(CrossProvincePerson::Allow, HUAWEI_PROVINCES_2025),
    mobile_local: Param::new(MobileLocal::PersonsFromElsewhere, HUAWEI_PROVINCES_2025),
    id_kinds_deny_person: Param::new(KINDS_FOREIGN, HUAWEI_PROVINCES_2025),
    // 通信地址与证件住所同市。
    address_same_city: Param::new(CITIES, HUAWEI_PROVINCES_2025),

    // 个人网站名称禁用词。
    name_deny_person: Param::new(
        &[
            "工作室",
            "官网",
            "企业",
            "中心",
            "学院",
            "彩票",
            "体彩",
            "刮刮乐",
            "社团",
            "论坛",
            "社区",
            "商城",
            "淘宝",
            "团购",
        ],
        ALIBABA_2019,
    ),
    // 论坛须专项审批；医疗保健仍须前置审批。
    licensed_words_here: Param::new(
        &[
            LicensedWords::new(0, ("论坛", "forums"), "论坛（电子公告服务）专项审批", &["论坛", "bbs"]),
            LicensedWords::new(
                4,
                ("医疗保健", "health care"),
                "卫生主管部门批准文件",
                &["医疗", "医院", "诊所", "门诊", "保健"],
            )
            .except(&["医疗器械"]),
        ],
        ALIBABA_2019,
    ),
    // 一个网站使用多个云资源的，备注说明。
    remark_rules: Param::new(
        &[RemarkRule::service(
            When::ALWAYS.when(&[If::AddressesAbove(1)]),
            "一个网站使用多个云资源的原因",
            "why one site uses several cloud resources",
        )],
        HUAWEI_PROVINCES_2025,
    ),
    // 一次接入多个网站的须盖章说明，最多 5 个。
    order_limits: Param::new(&[OrderLimit::services(PerNature::both(5)).only(ACCESS_TYPES)], HUAWEI_PROVINCES_2025),

    // 接入: 单位核对名称、证件号码和主体负责人；个人核对姓名和证件号码。旧证件号码先变更再接入。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_NUMBER_PRINCIPAL, ..NATIONAL.access_match.value },
        ALIBABA_2019,
    ),
    access_old_number: Param::new(OldNumber::ChangeFirst, TENCENT_2022),
    // 新增时已有网站可关闭，新增不得同时变更，均同全国。主体变更不限。
    change_organiser: Param::new(ChangePolicy::FREE, CHANGES_AGREED),

    documents: &[Document::new(paper::UNIT_LETTER, HUAWEI_PROVINCES_2025)
        .when(When::ALWAYS.types(ACCESS_TYPES).when(&[If::MoreThan(1, Counting::ServicesInOrder)]))
        .note("说明一次接入多个网站的原因，加盖公章")],
    review_items: &[ReviewItem::new(
        "contract_address",
        A01,
        "services[].access.addresses",
        ("接入合同的 IP 与域名解析的 IP 须一致", "the addresses of contract and resolution are the same"),
        ALIBABA_2019,
    )],
    extra: local_landlines,
    ..NATIONAL
};

/// 固定电话须为本省。
fn local_landlines(case: &Case<'_>, findings: &mut Findings) {
    for (at, person) in case.persons_judged() {
        let Some(phone) = person.office_phone.as_deref() else { continue };
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        let number = digits.strip_prefix("086").or_else(|| digits.strip_prefix("86")).unwrap_or(&digits);
        if number.starts_with('0') && !AREA_CODES.iter().any(|code| number.starts_with(code)) {
            findings.add_with_remedy(
                T04,
                Rule::new("landline_local", Severity::Review, HUAWEI_PROVINCES_2025),
                at.field("office_phone"),
                ("固定电话须为河北省号码", "the landline must be one of Hebei"),
                ("填写本省固定电话", "give a landline of the province"),
            );
        }
    }
}

/// 地级市 with their codes.
const CITIES: &[(u32, &str)] = &[
    (130_100, "石家庄市"),
    (130_200, "唐山市"),
    (130_300, "秦皇岛市"),
    (130_400, "邯郸市"),
    (130_500, "邢台市"),
    (130_600, "保定市"),
    (130_700, "张家口市"),
    (130_800, "承德市"),
    (130_900, "沧州市"),
    (131_000, "廊坊市"),
    (131_100, "衡水市"),
];

export_bureau!(BOOK);
