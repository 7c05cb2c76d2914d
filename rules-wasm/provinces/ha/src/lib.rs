//! 河南省通信管理局: the rule book of Henan's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, AgeProof, DomainHolder, FieldWords, If, Instead, LicensedWords, MatchSet, OrderLimit, PerNature,
    ProvinceBook, ReviewItem, SiteOpen, TextField, When, paper,
};
use icp_rules_sdk::catalogue::N01;
use icp_rules_sdk::national::{ALIBABA_2019, JD_2018, NATIONAL, SERVICE_TYPES, TENCENT_2022, licensed_words_with};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// Where the providers' pages agree on Henan.
const HENAN_AGREED: Cite = Cite::high("河南管局要求（华为云、腾讯云、阿里云一致）", "2026-07");
/// What the providers' pages say of Henan taken together.
const HENAN: Cite = Cite::medium("接入商公开的河南管局要求（华为云、腾讯云、阿里云）", "2026-07");

/// The book of Henan.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Henan,
    bureau: "河南省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 个人未满 18 周岁的，提供监护人证件；来源未写下限。
    min_age_person: Param::new(0, HENAN_AGREED),
    minor_proof_person: Param::new(AgeProof { below: 18, any_of: &[paper::GUARDIAN_ID] }, HENAN_AGREED),
    // 每个订单: 单位不超过 5 个网站，个人不超过 3 个。
    order_limits: Param::new(&[OrderLimit::services(PerNature::of_each(5, 3))], HENAN_AGREED),
    // 通信地址与证件住所同市。机器只看证件住所中的市名，故由审核人员判断。
    address_same_city: Param::new(CITIES, HENAN),
    // 域名持有者只可为单位（腾讯云 2022；阿里云 2019 也接受附证明的股东、高管）。
    domain_holder: Param::new(DomainHolder::Unit, TENCENT_2022),
    // 域名达到 4 个的，提供域名证书。
    domain_certificates_from: Param::new(PerNature::both(4), JD_2018),
    // 新增时已备案的网站须能打开并悬挂备案号。
    site_open_policy: Param::new(SiteOpen::MustBeOpenWithNumber, TENCENT_2022),

    // 个人网站名称禁用词；“中国”“中华”见全国要求。出自单一来源，但管局据此直接退回，故拦截。
    name_deny_person: Param::blocking(
        &[
            "合伙",
            "框架",
            "大众",
            "维修",
            "设计",
            "沙龙",
            "艺术",
            "评论",
            "工作室",
            "官网",
            "服务",
            "转让",
            "品牌",
            "排行榜",
            "行业",
            "宣传",
            "电商",
            "报价",
            "企业",
            "管理",
            "工坊",
            "传播",
            "中心",
            "交流",
            "咨询",
            "投资",
            "售后",
            "学院",
            "贸易",
            "旗舰",
            "产业",
            "农业",
            "传媒",
            "系统",
            "媒体",
            "股票",
            "证券",
            "彩票",
            "体彩",
            "刮刮乐",
            "热线",
            "社团",
            "导航",
            "论坛",
            "在线",
            "社区",
            "营销",
            "商城",
            "交易",
            "折扣",
            "定做",
            "定制",
            "购",
            "返现",
            "购物",
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
            "博客",
            "个人网站",
        ],
        ALIBABA_2019,
    ),
    // 个人不得选择“博客/个人空间”。
    content_deny_person: Param::new(&[6], ALIBABA_2019),
    // 非政府机关不得办地方门户；有“门户”字样的由审核人员判断是否地方门户。
    field_words: Param::new(
        &[FieldWords {
            when: When::ALWAYS.types(SERVICE_TYPES).when(&[If::NatureNot(&[2])]),
            field: TextField::ServiceName,
            words: &["门户"],
            message_zh: "只有政府机关可办地方门户网站",
            message_en: "only state bodies run the portal of a place",
            remedy_zh: "更换网站名称；不是地方门户的，由审核人员确认",
            remedy_en: "choose another name, or let the reviewer see that it is no portal of a place",
        }],
        HENAN,
    ),
    // 涉及前置审批字样而不涉及该业务的，可提供承诺书。
    licensed_words: Param::reviewing(COMMITTED_WORDS, HENAN),

    // 接入: 单位与个人均只核对名称。
    access_match: Param::new(AccessMatch { unit: MatchSet::NAME, person: MatchSet::NAME, unless: None }, ALIBABA_2019),

    review_items: &[ReviewItem::new(
        "person_name_of_person",
        N01,
        "services[].name",
        ("个人网站名称不得为人名", "a person's site is not named after a person"),
        HENAN,
    )
    .when(When::PERSONS.types(SERVICE_TYPES))],
    ..NATIONAL
};

/// The national words; a commitment serves beside the licence.
const COMMITTED_WORDS: &[LicensedWords] = &licensed_words_with(Instead::Commitment(paper::MATTER_COMMITMENT), false);

/// 地级市 with their codes; 济源 is administered by the province and has no code of a city.
const CITIES: &[(u32, &str)] = &[
    (410_100, "郑州市"),
    (410_200, "开封市"),
    (410_300, "洛阳市"),
    (410_400, "平顶山市"),
    (410_500, "安阳市"),
    (410_600, "鹤壁市"),
    (410_700, "新乡市"),
    (410_800, "焦作市"),
    (410_900, "濮阳市"),
    (411_000, "许昌市"),
    (411_100, "漯河市"),
    (411_200, "三门峡市"),
    (411_300, "南阳市"),
    (411_400, "商丘市"),
    (411_500, "信阳市"),
    (411_600, "周口市"),
    (411_700, "驻马店市"),
];

export_bureau!(BOOK);
