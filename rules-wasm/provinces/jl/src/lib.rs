//! 吉林省通信管理局: the rule book of Jilin's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, AgeProof, CrossProvincePerson, DomainHolder, LegalRepresentative, Proof, ProvinceBook, ReviewItem,
    When, paper,
};
use icp_rules_sdk::catalogue::{D05, S04};
use icp_rules_sdk::judge::{Case, DomainScope, Findings, Rule};
use icp_rules_sdk::national::{ACCESS_TYPES, ALIBABA_2019, NATIONAL, TENCENT_2022};
use icp_rules_sdk::param::Param;
use icp_rules_sdk::{Date, Province, Severity, export_bureau};

/// The book of Jilin.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Jilin,
    bureau: "吉林省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2022, 1, 1),

    // 主体负责人可凭授权书由他人担任。
    lr_mode: Param::new(LegalRepresentative::WithLetter, TENCENT_2022),
    // 年满 18 周岁，或有收入证明（以本人劳动收入为主要生活来源的，民法典第十八条自 16 周岁起）。
    min_age_unit: Param::new(16, TENCENT_2022),
    min_age_person: Param::new(16, TENCENT_2022),
    minor_proof_unit: Param::new(AgeProof { below: 18, any_of: &[paper::INCOME_PROOF] }, TENCENT_2022),
    minor_proof_person: Param::new(AgeProof { below: 18, any_of: &[paper::INCOME_PROOF] }, TENCENT_2022),
    // 外省个人: 居住证；学生可用学生证（阿里云 2019）。
    xprov_person: Param::new(
        CrossProvincePerson::WithProof(Proof::any_of(&[paper::RESIDENCE_PERMIT, paper::STUDENT_CARD])),
        TENCENT_2022,
    ),
    // 投资人或上级主管单位填写单位名称。
    investor_is_unit: Param::new(true, TENCENT_2022),
    // 办公电话不得与本人手机相同。
    office_phone_differs: Param::new(true, TENCENT_2022),
    // 域名持有者须为单位（腾讯云 2022；阿里云 2019 也接受法定代表人）。
    domain_holder: Param::new(DomainHolder::Unit, TENCENT_2022),

    // 接入资料不一致的，凭变更证明接入，随即变更。
    access_match: Param::new(
        AccessMatch { unless: Some(paper::RENAME_LETTER), ..NATIONAL.access_match.value },
        ALIBABA_2019,
    ),

    review_items: &[ReviewItem::new(
        "change_after_access",
        S04,
        "organiser",
        (
            "凭变更证明接入的，接入通过后立即办理变更备案",
            "who got access with a proof of change changes the record at once",
        ),
        ALIBABA_2019,
    )
    .when(When::ALWAYS.types(ACCESS_TYPES))],
    extra: state_domains,
    ..NATIONAL
};

/// “中国xxx.中国”仅限国家级单位。
fn state_domains(case: &Case<'_>, findings: &mut Findings) {
    if case.scope.domains == DomainScope::Nothing {
        return;
    }
    for (at, service) in case.services() {
        for (index, domain) in service.domains.iter().enumerate() {
            if domain.starts_with("中国") && domain.ends_with(".中国") {
                findings.add_with_remedy(
                    D05,
                    Rule::new("state_domain", Severity::Review, TENCENT_2022),
                    format!("{at}.domains[{index}]"),
                    ("“中国xxx.中国”域名仅限国家级单位", "only units of the state's level have domains 中国….中国"),
                    ("更换域名，或证明为国家级单位", "use another domain, or prove the unit's level"),
                );
            }
        }
    }
}

export_bureau!(BOOK);
