//! 重庆市通信管理局: the rule book of Chongqing's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, AgeProof, ChangePolicy, Counting, CrossProvincePerson, DomainHolder, If, MatchSet, PerNature, Plan,
    ProvinceBook, RemarkRule, ReviewItem, Says, When, Whom, paper,
};
use icp_rules_sdk::catalogue::{R01, S10, S12};
use icp_rules_sdk::national::{ALIBABA_2019, NATIONAL, ORGANISER_TYPES, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// What 华为云, 腾讯云 and 阿里云 say of Chongqing, each in part.
const CHONGQING: Cite = Cite::medium("重庆管局要求（华为云、腾讯云、阿里云各页）", "2025");
/// 阿里云 and 腾讯云 agree on changes of organisers.
const CHANGES_AGREED: Cite = Cite::high("主体变更规则（阿里云、腾讯云一致）", "2022");

/// The book of Chongqing.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Chongqing,
    bureau: "重庆市通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 互联网信息服务负责人不是法定代表人的，须提供授权书。
    p2_auth_letter: Param::new(true, CHONGQING),
    // 单位负责人满 18 周岁；个人满 16 周岁，未满 18 周岁提供在职证明。
    min_age_unit: Param::new(18, ALIBABA_2019),
    min_age_person: Param::new(16, CHONGQING),
    minor_proof_person: Param::new(AgeProof { below: 18, any_of: &[paper::EMPLOYMENT_PROOF] }, CHONGQING),
    // 不受理外省个人（阿里云 2019、京东云 2018；腾讯云 2022 未提及）。
    xprov_person: Param::new(CrossProvincePerson::Deny, ALIBABA_2019),
    // 手机号码不得用于其他主办者。
    phone_unique_across_subjects: Param::new(true, CHONGQING),
    // 域名持有者为单位；法定代表人持有的，须有单位说明。
    domain_holder: Param::new(DomainHolder::UnitOrLegalRepresentativeWith(paper::UNIT_LETTER), CHONGQING),
    // gov.cn 的三级域名可以备案。
    domain_registrable_except: Param::new(&["gov.cn"], CHONGQING),
    // 单位满 35 个、个人超过 5 个网站的，均须网站建设方案书。
    plan_threshold: Param::new(
        &[Plan { above: PerNature::of_each(34, 5), counting: Counting::ServicesInAll, paper: paper::SITE_PLAN }],
        CHONGQING,
    ),

    // 网站名称不得含英文。
    name_no_latin: Param::new(Whom::Everybody, CHONGQING),

    remark_rules: Param::new(
        &[
            // 个人须备注应急联系人姓名。
            RemarkRule::organiser(
                When::PERSONS.types(ORGANISER_TYPES),
                "应急联系人姓名，如“应急联系人：某某”",
                "the name of the emergency contact",
            )
            .says(Says::OneOf(&["应急"])),
            // 单位无办公电话的，以手机代替并备注机主姓名（腾讯云 2022）。
            RemarkRule::organiser(
                When::UNITS.types(ORGANISER_TYPES).when(&[If::NoOfficePhone]),
                "单位无固定电话，以及所留手机的机主姓名，如“应急联系人：某某”",
                "that the unit has no landline, and whose the second phone is",
            )
            .says(Says::OneOf(&["应急", "机主"])),
            // 两江新区: 选择原行政区，并备注。
            RemarkRule::organiser(
                When::ALWAYS.types(ORGANISER_TYPES).when(&[If::AddressWords(&["两江新区"])]),
                "通信地址位于两江新区，以及所选的原行政区",
                "that the address lies in 两江新区, and which old district was chosen",
            )
            .says(Says::OneOf(&["两江新区"])),
        ],
        CHONGQING,
    ),

    // 接入: 主办单位名称、证件号码、网站负责人须与原备案一致；个人核对姓名与证件号码。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_NUMBER_SERVICE_PRINCIPAL, person: MatchSet::NAME_NUMBER, unless: None },
        ALIBABA_2019,
    ),
    // 主体变更不限。
    change_organiser: Param::new(ChangePolicy::FREE, CHANGES_AGREED),

    // 经营异常名录须先移出: as everywhere (`register_agrees`).
    review_items: &[
        ReviewItem::new(
            "district_of_liangjiang",
            S12,
            "organiser.address.county_code",
            ("通信地址在两江新区的，区县选择原行政区", "an address in 两江新区 is filed under its old district"),
            CHONGQING,
        )
        .when(When::ALWAYS.types(ORGANISER_TYPES).when(&[If::AddressWords(&["两江新区"])])),
        ReviewItem::new(
            "plan_of_each_unit",
            S10,
            "materials.site-plan",
            ("单位网站满 35 个的，每个网站各附方案书", "from 35 sites on, a unit hands in a plan of each"),
            CHONGQING,
        )
        .when(When::UNITS.when(&[If::MoreThan(34, Counting::ServicesInAll)])),
        ReviewItem::new(
            "plan_of_each_person",
            S10,
            "materials.site-plan",
            ("个人网站超过 5 个的，每个网站各附方案书", "above 5 sites, a person hands in a plan of each"),
            CHONGQING,
        )
        .when(When::PERSONS.when(&[If::MoreThan(5, Counting::ServicesInAll)])),
        ReviewItem::new(
            "owner_of_office_mobile",
            R01,
            "organiser.remark",
            (
                "办公电话填写手机的，备注机主姓名",
                "where a mobile stands for the office phone, the remark names its owner",
            ),
            TENCENT_2022,
        )
        .when(When::UNITS.types(ORGANISER_TYPES)),
    ],
    ..NATIONAL
};

export_bureau!(BOOK);
