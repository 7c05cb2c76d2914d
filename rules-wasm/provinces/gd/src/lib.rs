//! 广东省通信管理局: the rule book of Guangdong's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, AgeProof, ChangePolicy, Copies, Counting, CrossProvincePerson, DistinctPhones, Document, DomainHolder,
    GoodFor, If, LegalRepresentative, LicensedWords, MatchSet, PerNature, Plan, Proof, ProvinceBook, RemarkRule,
    ReviewItem, When, paper,
};
use icp_rules_sdk::catalogue::{N01, V04};
use icp_rules_sdk::judge::{Case, Findings, Rule};
use icp_rules_sdk::national::{ALIBABA_2019, HUAWEI_2026, HUAWEI_GD_2025, NATIONAL, SERVICE_TYPES, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, FooterNumber, Province, Severity, export_bureau};

/// 华为云 and 腾讯云 agree on Guangdong.
const GUANGDONG_AGREED: Cite = Cite::high("广东管局要求（华为云、腾讯云一致）", "2025-05-27");
/// The letter of commitment, in force since 2021-06-21.
const COMMITMENT: Cite = Cite::high("广东省通信管理局：互联网信息服务备案承诺书", "2021-06-21");
/// An invented notice that shows how a book changes.
#[cfg(feature = "notice-2026-11")]
const NOTICE_2026_11: Cite = Cite::high("广东 2026 年 11 月命名要求（演示用虚构通知）", "2026-11-01");

#[cfg(not(feature = "notice-2026-11"))]
const VERSION: (&str, Date) = (env!("CARGO_PKG_VERSION"), Date::new(2025, 5, 27));
#[cfg(feature = "notice-2026-11")]
const VERSION: (&str, Date) = ("1.1.0", Date::new(2026, 11, 1));

/// The book of Guangdong.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Guangdong,
    bureau: "广东省通信管理局",
    version: VERSION.0,
    effective_from: VERSION.1,

    // 主体负责人: 首次备案、新增须为法定代表人。
    lr_mode: Param::new(LegalRepresentative::Must, GUANGDONG_AGREED),
    // 单位负责人满 16 周岁，未满 18 周岁提供在职证明；个人满 18 周岁（华为云 2025；腾讯云 2022 曾允许未满 18 周岁附证明）。
    min_age_unit: Param::new(16, GUANGDONG_AGREED),
    min_age_person: Param::new(18, HUAWEI_GD_2025),
    minor_proof_unit: Param::new(AgeProof { below: 18, any_of: &[paper::EMPLOYMENT_PROOF] }, TENCENT_2022),
    // 外省个人: 居住证、房产证或近 3 个月社保，不接受学生证。
    xprov_person: Param::new(
        CrossProvincePerson::WithProof(Proof::any_of(&[
            paper::RESIDENCE_PERMIT,
            paper::HOUSE_DEED,
            paper::SOCIAL_INSURANCE,
        ])),
        GUANGDONG_AGREED,
    ),
    // 个人: 港澳居民须用居住证，不接受来往内地通行证。
    id_kinds_deny_person: Param::new(&[14], HUAWEI_GD_2025),
    // 通信地址与证件住所同市。
    address_same_city: Param::new(CITIES, TENCENT_2022),
    // 手机与应急电话至少两个不同号码。
    distinct_phones: Param::new(DistinctPhones { same_person: 2, different_persons: 2 }, TENCENT_2022),
    // 域名持有者为单位或法定代表人（华为云；阿里云 2019 只接受单位）。
    domain_holder: Param::new(DomainHolder::UnitOrLegalRepresentative, GUANGDONG_AGREED),
    // 单位超过 31 个、个人超过 5 个须邮寄网站建设方案书。
    plan_threshold: Param::reviewing(
        &[Plan { above: PerNature::of_each(31, 5), counting: Counting::ServicesInAll, paper: paper::SITE_PLAN }],
        GUANGDONG_AGREED,
    ),
    // 单位名称、证件等均可在接入后变更。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NOTHING, person: MatchSet::NOTHING, unless: None },
        ALIBABA_2019,
    ),
    // 接入可直接带新数据，原接入商同步变更。
    access_with_change: Param::new(true, HUAWEI_GD_2025),
    // 主体变更不限。
    change_organiser: Param::new(ChangePolicy::FREE, TENCENT_2022),
    // 加盖公章或按指印的复印件可用。
    picture_copies: Param::new(Copies::WithStamp, HUAWEI_GD_2025),

    // 个人网站名称禁用词。出自单一来源，但管局据此直接退回，故拦截。
    name_deny_person: Param::blocking(
        &[
            "媒体",
            "股票",
            "证券",
            "彩票",
            "体彩",
            "刮刮乐",
            "导航",
            "论坛",
            "社区",
            "交流",
            "商城",
            "交易",
            "返现",
            "批发",
            "利润",
            "商务",
        ],
        ALIBABA_2019,
    ),
    // 2026 年 11 月起任何网站名称不得使用。
    #[cfg(feature = "notice-2026-11")]
    name_deny_all: Param::new(&["大全", "排行榜"], NOTICE_2026_11),

    // 互联网诊疗、中医诊所另须许可或备案证。
    licensed_words_here: Param::reviewing(
        &[
            LicensedWords::new(
                0,
                ("互联网诊疗", "online diagnosis and treatment"),
                "医疗机构执业许可证（含互联网诊疗项目）",
                &["互联网诊疗", "互联网医院", "在线问诊"],
            ),
            LicensedWords::new(0, ("中医诊所", "clinics of Chinese medicine"), "中医诊所备案证", &["中医诊所"]),
        ],
        GUANGDONG_AGREED,
    ),
    remark_rules: Param::new(
        &[
            RemarkRule::service(
                When::ALWAYS.when(&[If::Words(&["医院"])]),
                "医疗机构执业许可证号及有效期",
                "number and date of the medical institution's licence",
            ),
            RemarkRule::service(
                When::ALWAYS.when(&[If::Words(&["游戏"])]),
                "游戏版号",
                "the game's publication number",
            ),
        ],
        HUAWEI_GD_2025,
    ),

    documents: &[Document::new(paper::COMMITMENT, COMMITMENT)
        .when(When::ALWAYS.types(SERVICE_TYPES))
        .note("模板不得改动；单位由法定代表人或主体负责人手写签名并盖章，个人签名并按指印；60 个工作日内有效")
        .good_for(GoodFor::WorkingDays(60), HUAWEI_GD_2025)],
    review_items: &[
        ReviewItem::new(
            "commitment_signature",
            V04,
            "materials.commitment",
            (
                "承诺书须手写签名（不得使用艺术签名），单位加盖公章，个人按指印",
                "the commitment is signed by hand, sealed by units, finger-printed by persons",
            ),
            COMMITMENT,
        )
        .when(When::ALWAYS.types(SERVICE_TYPES)),
        ReviewItem::new(
            "person_name_of_place",
            N01,
            "services[].name",
            ("个人网站名称不得含村名、拼音", "a person's site is not named after a village, nor in pinyin"),
            HUAWEI_GD_2025,
        )
        .when(When::PERSONS.types(SERVICE_TYPES)),
    ],

    // 全国仅广东在页脚悬挂主体备案号（不带 -n）。
    footer_number: Param::new(FooterNumber::Organiser, GUANGDONG_AGREED),
    shell_subject_add: Param::new(false, HUAWEI_2026),
    extra: colleges,
    ..NATIONAL
};

/// “学院”未经登记的，名称须加注“（内部学院）”或“（非独立机构）”。
fn colleges(case: &Case<'_>, findings: &mut Findings) {
    for (path, _) in case.services() {
        let holds = |words: &[&str]| case.site_name_holds(path, words);
        let is_registered = || case.order.organiser.name.contains("学院");
        if holds(&["学院"]) && !holds(&["内部学院", "非独立机构"]) && !is_registered() {
            findings.add_with_remedy(
                N01,
                Rule::new("college_marked", Severity::Review, GUANGDONG_AGREED),
                format!("{path}.name"),
                (
                    "名称含“学院”但未登记为学院",
                    "the name says 学院 (college), which the organiser is not registered as",
                ),
                ("加注“（内部学院）”或“（非独立机构）”", "add （内部学院） or （非独立机构）"),
            );
        }
    }
}

/// 地级市 with their codes.
const CITIES: &[(u32, &str)] = &[
    (440_100, "广州市"),
    (440_200, "韶关市"),
    (440_300, "深圳市"),
    (440_400, "珠海市"),
    (440_500, "汕头市"),
    (440_600, "佛山市"),
    (440_700, "江门市"),
    (440_800, "湛江市"),
    (440_900, "茂名市"),
    (441_200, "肇庆市"),
    (441_300, "惠州市"),
    (441_400, "梅州市"),
    (441_500, "汕尾市"),
    (441_600, "河源市"),
    (441_700, "阳江市"),
    (441_800, "清远市"),
    (441_900, "东莞市"),
    (442_000, "中山市"),
    (445_100, "潮州市"),
    (445_200, "揭阳市"),
    (445_300, "云浮市"),
];

export_bureau!(BOOK);
