//! 福建省通信管理局: the rule book of Fujian's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, AgeProof, ChangePolicy, CrossProvincePerson, DomainHolder, If, MatchSet, OldNumber, PersonToUnit,
    Proof, ProvinceBook, ReviewItem, When, paper,
};
use icp_rules_sdk::catalogue::S01;
use icp_rules_sdk::national::{ALIBABA_2019, HUAWEI_2026, NATIONAL, ORGANISER_TYPES, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// What the providers' pages say of Fujian taken together.
const FUJIAN: Cite = Cite::medium("接入商公开的福建管局要求（华为云、腾讯云、阿里云）", "2026-07");

/// The book of Fujian.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Fujian,
    bureau: "福建省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 互联网信息服务负责人不是法定代表人的，须有授权书；法定代表人为外籍或港澳台人士的，须为持内地居民身份证者。
    p2_auth_letter: Param::new(true, FUJIAN),
    foreign_lr_p2_mainland: Param::new(true, FUJIAN),
    // 个人满 16 周岁；8 至 16 周岁由监护人出具同意书（腾讯云 2022）。
    min_age_person: Param::new(8, TENCENT_2022),
    minor_proof_person: Param::new(AgeProof { below: 16, any_of: &[paper::GUARDIAN_CONSENT] }, TENCENT_2022),
    // 外省个人须有居住证。
    xprov_person: Param::new(CrossProvincePerson::WithProof(Proof::any_of(&[paper::RESIDENCE_PERMIT])), TENCENT_2022),

    // 投资人或上级主管单位须填写单位全称。
    investor_is_unit: Param::new(true, FUJIAN),
    // 个体工商户须有字号并加盖公章。
    sole_trader_named: Param::new(true, FUJIAN),
    // 域名持有者为单位或法定代表人（华为云 2026；腾讯云 2022 只接受单位）。两者都不接受他人，故拦截。
    domain_holder: Param::blocking(DomainHolder::UnitOrLegalRepresentative, HUAWEI_2026),
    // 不得先开站。
    site_closed_before: Param::new(true, FUJIAN),

    // 接入: 单位核对名称、证件号码；个人另核对证件住所。旧证件号码先接入后变更，并上传新证件。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_NUMBER, person: MatchSet::NAME_NUMBER_ADDRESS, unless: None },
        ALIBABA_2019,
    ),
    access_old_number: Param::new(OldNumber::AccessFirst, TENCENT_2022),
    // 变更: 只可更名；个人不得变更为单位。
    change_organiser: Param::new(
        ChangePolicy { person_to_unit: PersonToUnit::Never, ..NATIONAL.change_organiser.value },
        TENCENT_2022,
    ),

    review_items: &[ReviewItem::new(
        "sole_trader_seal",
        S01,
        "materials",
        ("个体工商户材料须加盖公章", "the papers of a sole trader carry its seal"),
        FUJIAN,
    )
    .when(When::UNITS.types(ORGANISER_TYPES).when(&[If::SoleTrader]))],
    ..NATIONAL
};

export_bureau!(BOOK);
