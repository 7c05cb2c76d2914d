//! 黑龙江省通信管理局: the rule book of Heilongjiang's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, ChangePolicy, Document, IdUnique, If, LegalRepresentative, MatchSet, MaxAges, OrderLimit, PerNature,
    ProvinceBook, RemarkRule, When, paper,
};
use icp_rules_sdk::catalogue::S04;
use icp_rules_sdk::judge::{Case, Findings, Rule};
use icp_rules_sdk::national::{ALIBABA_2019, HUAWEI_2026, NATIONAL, NEW_SERVICE_TYPES, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, OrderType, Province, Severity, export_bureau};

/// Older pages of Tencent Cloud.
const TENCENT_OLDER: Cite = Cite::low("腾讯云备案文档（旧版）", "2021");

/// 单位性质 个人.
const PERSON: u16 = 5;
/// 单位性质 政府机关 and 事业单位.
const OF_STATE_BODIES: When = When::UNITS.types(NEW_SERVICE_TYPES).when(&[If::Nature(&[2, 3])]);

/// The book of Heilongjiang.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Heilongjiang,
    bureau: "黑龙江省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人: 法定代表人，或凭公司章程和委托函的股东、高管，此时两位负责人为同一人（腾讯云 2022 只接受法定代表人）。
    lr_mode: Param::new(LegalRepresentative::WithLetterAndProof(&[paper::ARTICLES]), HUAWEI_2026),
    p2_equals_p1_if_not_lr: Param::new(true, HUAWEI_2026),
    // 互联网信息服务负责人不超过 65 周岁，且只能在一家单位任职（管局硬性要求，故拦截）。
    max_age_p2: Param::new(MaxAges { men: Some(65), women: Some(65) }, HUAWEI_2026),
    id_unique_across_subjects: Param::blocking(IdUnique::ServicePrincipals, TENCENT_2022),
    // 每次单位最多 4 个、个人最多 2 个网站（旧资料，仅提示）。
    order_limits: Param::new(&[OrderLimit::services(PerNature::of_each(4, 2))], TENCENT_OLDER),

    // 单位不得选择服务内容“其他”。
    content_deny_unit: Param::new(&[24], TENCENT_2022),
    // 同一网站使用多个域名的，备注说明。阿里云 2019 曾要求近 3 个月话费单，新资料未见，不再要求。
    remark_rules: Param::new(
        &[RemarkRule::service(
            When::ALWAYS.when(&[If::DomainsAbove(1)]),
            "多个域名指向同一网站",
            "that several domains lead to the same site",
        )],
        TENCENT_2022,
    ),

    // 接入: 单位核对名称、证件号码和主体负责人；个人核对姓名和证件号码。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_NUMBER_PRINCIPAL, ..NATIONAL.access_match.value },
        ALIBABA_2019,
    ),
    // 单位只可更名；个体工商户可变更为其负责人个人，见 sole_traders。
    change_organiser: Param::new(
        ChangePolicy { unit_to_person: true, ..NATIONAL.change_organiser.value },
        TENCENT_2022,
    ),

    documents: &[
        // 政府机关、事业单位: 编办证明，网站标识代码或《网站开办资格申请表》。
        Document::new(paper::ESTABLISHMENT_PROOF, ALIBABA_2019).when(OF_STATE_BODIES),
        Document::new(paper::SITE_QUALIFICATION, ALIBABA_2019)
            .when(OF_STATE_BODIES)
            .note("网站标识代码，或《网站开办资格申请表》"),
    ],
    extra: sole_traders,
    ..NATIONAL
};

/// 单位不得变更为个人；个体工商户变更为其法定代表人本人的除外。
fn sole_traders(case: &Case<'_>, findings: &mut Findings) {
    let is_change = matches!(case.order.order_type, OrderType::ChangeOrganiser | OrderType::ChangeBoth);
    let Some(record) = case.on_record().filter(|record| is_change && record.nature != PERSON) else { return };
    let is_sole_trader = record.certificate_number.starts_with("92");
    let is_owner = record.principal_name.as_deref() == Some(case.order.organiser.name.as_str());
    if case.is_person() && !(is_sole_trader && is_owner) {
        findings.add_with_remedy(
            S04,
            Rule::new("unit_to_person", Severity::Review, TENCENT_2022),
            "organiser",
            (
                "单位不得变更为个人；个体工商户只可变更为其法定代表人",
                "a unit cannot become a person; a sole trader becomes its owner only",
            ),
            ("注销原备案后重新备案", "cancel the record and file anew"),
        );
    }
}

export_bureau!(BOOK);
