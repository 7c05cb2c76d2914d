//! 山西省通信管理局: the rule book of Shanxi's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, LegalRepresentative, MatchSet, OldNumber, OrderLimit, PerNature, ProvinceBook,
};
use icp_rules_sdk::national::{ALIBABA_2019, HUAWEI_2026, NATIONAL, NEW_SERVICE_TYPES, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// 华为云, 腾讯云 and 阿里云 agree on Shanxi.
const SHANXI_AGREED: Cite = Cite::high("山西管局要求（华为云、腾讯云、阿里云一致）", "2025");
/// 腾讯云 and 阿里云 agree on Shanxi's changes of organiser.
const CHANGES_AGREED: Cite = Cite::high("山西变更主体规则（腾讯云、阿里云一致）", "2022");

/// The book of Shanxi.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Shanxi,
    bureau: "山西省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人须为法定代表人（华为云；腾讯云 2022 不限）；港澳台及外籍法定代表人可授权持内地身份证者。
    lr_mode: Param::new(LegalRepresentative::MustUnlessForeign, HUAWEI_2026),
    // 外省个人不受理；域名持有者为单位或法定代表人（腾讯云 2022；阿里云 2019 只接受单位），均同全国。
    // 个体工商户有字号的按企业备案，没有字号的按个人备案。
    sole_trader_named: Param::new(true, TENCENT_2022),

    // 每次最多新备 3 个域名，变更备案除外。
    order_limits: Param::new(&[OrderLimit::domains(PerNature::both(3)).only(NEW_SERVICE_TYPES)], SHANXI_AGREED),

    // 接入只按现行规则审核，不核对原备案资料；旧证件号码先接入后变更。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NOTHING, person: MatchSet::NOTHING, unless: None },
        ALIBABA_2019,
    ),
    access_old_number: Param::new(OldNumber::AccessFirst, TENCENT_2022),
    // 主体变更不限。
    change_organiser: Param::new(ChangePolicy::FREE, CHANGES_AGREED),
    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),
    ..NATIONAL
};

export_bureau!(BOOK);
