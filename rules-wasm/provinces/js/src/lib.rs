//! 江苏省通信管理局: the rule book of Jiangsu's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AgeProof, ChangePolicy, Counting, CrossProvincePerson, Document, GoodFor, IdUnique, If, LegalRepresentative,
    MobileLocal, PerNature, Plan, Proof, ProvinceBook, ReviewItem, UnitToUnit, When, paper,
};
use icp_rules_sdk::catalogue::{C03, S01, S02, S04};
use icp_rules_sdk::judge::{Case, Findings, Rule};
use icp_rules_sdk::national::{
    ACCESS_TYPES, ALIBABA_2019, HUAWEI_2026, NATIONAL, NEW_SERVICE_TYPES, SERVICE_TYPES, TENCENT_2022,
};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, OrderType, Province, Severity, export_bureau};

/// 华为云 and 腾讯云 agree on Jiangsu.
const JIANGSU_AGREED: Cite = Cite::high("江苏管局要求（华为云、腾讯云一致）", "2025");
/// What the bureau asks for since 2021-06-01.
const SINCE_JUNE_2021: Cite = Cite::high("江苏省通信管理局 2021 年 6 月 1 日起的备案要求", "2021-06-01");

/// 证件类型 台湾居民来往大陆通行证.
const KIND_TAIWAN_PERMIT: u16 = 11;

/// The book of Jiangsu.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Jiangsu,
    bureau: "江苏省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 不受理单独变更网站，一律办理变更备案。
    order_types: Param::new(
        &[
            OrderType::FirstFiling,
            OrderType::AddService,
            OrderType::AddServiceElsewhere,
            OrderType::AddAccess,
            OrderType::ContinueAccess,
            OrderType::ChangeOrganiser,
            OrderType::ChangeBoth,
            OrderType::ChangeAccess,
            OrderType::DeregisterOrganiser,
            OrderType::DeregisterService,
            OrderType::CancelAccess,
            OrderType::Migrate,
        ],
        SINCE_JUNE_2021,
    ),

    // 负责人不是法定代表人的须有授权书（腾讯云 2022 问答: 主体负责人不限）；主体负责人不是法定代表人的，两位负责人须为同一人。
    lr_mode: Param::new(LegalRepresentative::WithLetter, JIANGSU_AGREED),
    p2_equals_p1_if_not_lr: Param::new(true, JIANGSU_AGREED),
    p2_auth_letter: Param::new(true, JIANGSU_AGREED),
    // 互联网信息服务负责人只能在一家单位任职（管局硬性要求，故拦截）。
    id_unique_across_subjects: Param::blocking(IdUnique::ServicePrincipals, TENCENT_2022),
    // 单位负责人满 18 周岁（腾讯云 2022；阿里云 2019 未满 18 周岁附收入证明），同全国。
    // 个人满 16 周岁，16 至 18 周岁提供收入证明。
    min_age_person: Param::new(16, JIANGSU_AGREED),
    minor_proof_person: Param::reviewing(AgeProof { below: 18, any_of: &[paper::INCOME_PROOF] }, JIANGSU_AGREED),
    // 外省个人须有居住证。
    xprov_person: Param::new(CrossProvincePerson::WithProof(Proof::any_of(&[paper::RESIDENCE_PERMIT])), JIANGSU_AGREED),
    // 手机须为本地号码；单位的办公电话须为固定电话。
    mobile_local: Param::new(MobileLocal::Everybody, JIANGSU_AGREED),
    landline_required: Param::new(true, TENCENT_2022),
    // 提供全部域名的域名证书。
    domain_certificates_from: Param::new(PerNature::both(1), TENCENT_2022),
    // 单位累计 30 个、个人累计 10 个起提交网站建设方案书。
    plan_threshold: Param::reviewing(
        &[Plan { above: PerNature::of_each(29, 9), counting: Counting::ServicesInAll, paper: paper::SITE_PLAN }],
        JIANGSU_AGREED,
    ),

    // 个人网站名称只可为“某某的个人博客”或“某某的个人主页”；全国建议禁用词中的“主页”“个人博客”因此在本省可用。
    name_suffix_person: Param::new(&["的个人博客", "的个人主页"], ALIBABA_2019),
    name_deny_person_national: Param::new(
        &[
            "资讯",
            "网站",
            "网络",
            "网址",
            "爱好者",
            "作品展示",
            "论坛",
            "社区",
            "工作室",
            "平台",
            "热线",
            "社团",
            "导航",
            "购买",
            "买卖",
            "交易",
            "优惠券",
            "电子商务",
            "个人空间",
        ],
        HUAWEI_2026,
    ),

    // 新增时主体负责人须与备案一致，接入核对名称和证件号码，均同全国。
    // 变更为名称关联的单位，或有关联证明的单位。
    change_organiser: Param::new(
        ChangePolicy { unit_to_unit: UnitToUnit::Related(paper::UNIT_LETTER), ..NATIONAL.change_organiser.value },
        TENCENT_2022,
    ),
    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),

    // 互联网信息服务负责人签署告知书和承诺书，并录制手持承诺书的视频。承诺书在管局审核时须在 3 个月内。
    documents: &[
        Document::new(paper::TRUTH_LETTER, SINCE_JUNE_2021)
            .when(When::ALWAYS.types(SERVICE_TYPES))
            .each_service()
            .note("互联网信息服务负责人签名"),
        Document::new(paper::COMMITMENT, SINCE_JUNE_2021)
            .when(When::ALWAYS.types(SERVICE_TYPES))
            .each_service()
            .note("互联网信息服务负责人签名")
            .good_for(GoodFor::Days(90), TENCENT_2022),
        Document::new(paper::COMMITMENT_VIDEO, SINCE_JUNE_2021)
            .when(When::ALWAYS.types(SERVICE_TYPES))
            .each_service()
            .note("互联网信息服务负责人手持承诺书的视频"),
    ],
    review_items: &[
        ReviewItem::new(
            "footer_owner",
            C03,
            "services[]",
            ("网站底部版权所有须与主办者名称一致", "the copyright line in the footer names the organiser"),
            SINCE_JUNE_2021,
        )
        .when(When::ALWAYS.types(SERVICE_TYPES)),
        ReviewItem::new(
            "taiwan_permit_letter",
            S01,
            "organiser.principal.id.number",
            (
                "台湾居民来往大陆通行证号码带字母的，须一并填写字母",
                "a Taiwan travel permit number with a letter is entered with the letter",
            ),
            TENCENT_2022,
        )
        .when(When::ALWAYS.when(&[If::PrincipalIdKind(&[KIND_TAIWAN_PERMIT])])),
        ReviewItem::new(
            "sole_trader_is_enterprise",
            S01,
            "organiser.nature",
            (
                "国家企业信用信息公示系统可查的个体工商户只能按企业备案",
                "a sole trader that the enterprise register knows files as an enterprise only",
            ),
            TENCENT_2022,
        )
        .when(When::PERSONS.types(NEW_SERVICE_TYPES)),
        ReviewItem::new(
            "change_within_10_days",
            S04,
            "organiser.principal",
            (
                "主体负责人与备案不一致的，接入后 10 个工作日内办理变更备案",
                "where P1 differs from the record, the change follows within 10 working days of the access",
            ),
            TENCENT_2022,
        )
        .when(When::ALWAYS.types(ACCESS_TYPES).when(&[If::PrincipalChanged])),
    ],
    extra: sole_traders,
    ..NATIONAL
};

/// 个体工商户的主体负责人只能是法定代表人，不得授权。
fn sole_traders(case: &Case<'_>, findings: &mut Findings) {
    let principal = &case.order.organiser.principal;
    if case.scope.organiser && case.is_sole_trader() && case.is_representative(principal) == Some(false) {
        findings.add(
            S02,
            Rule::new("sole_trader_representative", Severity::Review, TENCENT_2022),
            "organiser.principal.name",
            "个体工商户的主体负责人只能是法定代表人",
            "a sole trader's person in charge is the legal representative",
        );
    }
}

export_bureau!(BOOK);
