//! 甘肃省通信管理局: the rule book of Gansu's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, If, LegalRepresentative, MatchSet, MobileLocal, ProvinceBook, RemarkRule, ReviewItem, Says, When, Whom,
};
use icp_rules_sdk::catalogue::{S02, T04, V04};
use icp_rules_sdk::judge::{At, Case, Findings, Rule, is_same_person};
use icp_rules_sdk::national::{ALIBABA_2019, NATIONAL, NEW_SERVICE_TYPES, ORGANISER_TYPES, PLEDGE_F1};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, Severity, export_bureau};

/// 华为云, 腾讯云 and 阿里云 agree on Gansu.
const GANSU_AGREED: Cite = Cite::high("甘肃管局要求（华为云、腾讯云、阿里云一致）", "2025");
/// What one of them says.
const GANSU: Cite = Cite::medium("甘肃管局要求（华为云、腾讯云、阿里云各页）", "2025");
/// Older pages of 腾讯云, which newer ones do not repeat.
const TENCENT_OLD: Cite = Cite::low("腾讯云旧版各省管局备案要求", "2021");

/// The book of Gansu.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Gansu,
    bureau: "甘肃省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人可为法定代表人授权的其他人，并备注其职务（见备注）。
    lr_mode: Param::new(LegalRepresentative::WithLetter, GANSU_AGREED),
    // 个人手机号码须为本省号段（阿里云 2019、京东云 2018 要求所有人）。
    mobile_local: Param::new(MobileLocal::Persons, GANSU_AGREED),
    // 单位应急电话: 第三名员工的手机，并备注姓名、职务。
    emergency_required: Param::new(Whom::Units, GANSU),
    emergency_third_mobile: Param::new(true, GANSU),

    remark_rules: Param::new(
        &[
            RemarkRule::organiser(
                When::UNITS.types(ORGANISER_TYPES).when(&[If::PrincipalNotRepresentative]),
                "“某某是某某部门的领导，负责某某工作”",
                "which department the person in charge heads, and what for",
            )
            .says(Says::AllOf(&["部门的领导", "负责"])),
            RemarkRule::organiser(
                When::UNITS.types(ORGANISER_TYPES),
                "应急电话机主的姓名、职务，如“应急电话：某某，职务：某某”",
                "name and position of the person at the emergency phone",
            )
            .says(Says::AllOf(&["应急", "职务"])),
            // 个人网站: 承诺语句。
            RemarkRule::service(
                When::PERSONS,
                "“本网站是个人网站，不含有企业、单位等非个人网站的信息”，并接受注销备案、列入黑名单的处理",
                "the pledge of personal sites",
            )
            .says(Says::OneOf(PLEDGE_F1)),
            // 个人网站: 网站内容与计划开通时间。
            RemarkRule::service(
                When::PERSONS.types(NEW_SERVICE_TYPES),
                "网站内容与计划开通时间",
                "the content, and the day on which the site is to open",
            )
            .says(Says::AllOf(&["内容", "开通"])),
        ],
        GANSU,
    ),

    // 接入: 主办单位名称、证件号码、主体负责人须与原备案一致；个人核对姓名与证件号码。
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_NUMBER_PRINCIPAL, person: MatchSet::NAME_NUMBER, unless: None },
        ALIBABA_2019,
    ),

    review_items: &[
        ReviewItem::new(
            "authorisation_template",
            V04,
            "materials.authorisation-principal",
            ("授权书使用甘肃管局模板", "the letter of authorisation follows the bureau's own template"),
            GANSU,
        )
        .when(When::UNITS.types(ORGANISER_TYPES).when(&[If::PrincipalNotRepresentative])),
        ReviewItem::new(
            "emergency_is_third_employee",
            T04,
            "organiser.principal.emergency_phone",
            (
                "应急电话为两位负责人以外的第三名员工所有，姓名、职务与备注相符",
                "the emergency phone is that of a third member of the staff, as the remark says",
            ),
            GANSU,
        )
        .when(When::UNITS),
    ],
    extra: two_persons,
    ..NATIONAL
};

/// 主体负责人不是法定代表人的，网站负责人须为另一人（腾讯云旧版，新版未提及，故仅提示）。
fn two_persons(case: &Case<'_>, findings: &mut Findings) {
    let first = &case.order.organiser.principal;
    if !case.scope.organiser || case.is_representative(first) != Some(false) {
        return;
    }
    for (index, service) in case.order.services.iter().enumerate() {
        if is_same_person(first, &service.principal) {
            findings.add_with_remedy(
                S02,
                Rule::new("p2_differs_if_not_lr", Severity::Advise, TENCENT_OLD),
                At::ServicePrincipal(index).field("name"),
                (
                    "主体负责人不是法定代表人时，网站负责人须为另一人",
                    "when the organiser's person in charge is not the legal representative, the service's is another one",
                ),
                ("更换网站负责人", "name another person for the service"),
            );
        }
    }
}

export_bureau!(BOOK);
