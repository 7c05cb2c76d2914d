//! 西藏自治区通信管理局: the rule book of Tibet's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, Document, DomainHolder, If, LicensedWords, MatchSet, OldNumber, PersonToUnit,
    ProvinceBook, ReviewItem, UnitToUnit, When, paper,
};
use icp_rules_sdk::catalogue::C05;
use icp_rules_sdk::national::{ALIBABA_2019, NATIONAL, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// What 华为云, 腾讯云 and 阿里云 say of Tibet, each in part.
const TIBET: Cite = Cite::medium("西藏管局要求（华为云、腾讯云、阿里云各页）", "2025");

/// The book of Tibet.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Tibet,
    bureau: "西藏自治区通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 域名持有者须为单位本身，法定代表人亦不可。
    domain_holder: Param::new(DomainHolder::Unit, TIBET),
    licensed_words_here: Param::new(
        &[
            // 名称或经营范围涉及宗教的，须有《互联网宗教信息服务许可证》，并勾选前置审批“宗教”。
            LicensedWords::new(15, ("宗教", "religion"), "互联网宗教信息服务许可证", RELIGION).in_scope(),
            // 教育、医疗保健仍须前置审批（阿里云 2019）。
            LicensedWords::new(3, ("教育", "education"), "教育部门批准文件", &["教育", "培训", "网校"]),
            LicensedWords::new(4, ("医疗保健", "health"), "卫生部门批准文件", &["医疗", "保健", "医院", "诊所"])
                .except(&["医疗器械"]),
        ],
        ALIBABA_2019,
    ),

    // 接入: 单位、个人均只核对名称。旧证件号码先接入后变更。
    access_match: Param::new(AccessMatch { unit: MatchSet::NAME, person: MatchSet::NAME, unless: None }, ALIBABA_2019),
    access_old_number: Param::new(OldNumber::AccessFirst, TENCENT_2022),
    // 主体变更: 变更前后名称须一致，只可更名，不得换人（腾讯云 2022；阿里云 2019 不限）。
    change_organiser: Param::new(
        ChangePolicy {
            unit_to_unit: UnitToUnit::RenameOnly,
            unit_to_person: false,
            person_to_unit: PersonToUnit::Never,
            person_to_person: false,
            ..NATIONAL.change_organiser.value
        },
        TENCENT_2022,
    ),

    // 所有主办者: 党政机关确认函。
    documents: &[Document::new(paper::STATE_BODY_CONFIRMATION, ALIBABA_2019)],
    review_items: &[
        ReviewItem::new("religion_ticked", C05, "services[].pre_approvals", TICK, TIBET)
            .when(When::ALWAYS.when(&[If::Words(RELIGION)])),
        ReviewItem::new("religion_in_scope_ticked", C05, "services[].pre_approvals", TICK, TIBET)
            .when(When::UNITS.when(&[If::ScopeWords(RELIGION)])),
    ],
    ..NATIONAL
};

const RELIGION: &[&str] = &["宗教", "佛教", "道教", "基督", "伊斯兰", "天主"];

const TICK: (&str, &str) = (
    "名称或经营范围涉及宗教的，前置审批须勾选“宗教”",
    "where name or business scope touch religion, the licence for it is ticked",
);

export_bureau!(BOOK);
