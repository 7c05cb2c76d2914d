//! 上海市通信管理局: the rule book of Shanghai's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    Counting, CrossProvincePerson, Document, DomainHolder, If, LicensedWords, PerNature, Plan, Proof, ProvinceBook,
    ReviewItem, When, paper,
};
use icp_rules_sdk::catalogue::{A01, C05, D02, S01, S02, S04, S12};
use icp_rules_sdk::judge::{Case, DomainScope, Findings, Rule};
use icp_rules_sdk::national::{ACCESS_TYPES, HUAWEI_2026, NATIONAL, ORGANISER_TYPES, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, Severity, export_bureau};

/// 华为云 and 腾讯云 agree on Shanghai.
const SHANGHAI_AGREED: Cite = Cite::high("上海管局要求（华为云、腾讯云一致）", "2025");
/// 华为云 and 阿里云 agree that temporary identity cards are refused.
const TEMPORARY_IDS: Cite = Cite::high("上海不接受临时身份证（华为云、阿里云一致）", "2025");

/// 证件类型 护照.
const KIND_PASSPORT: u16 = 7;
/// 证件类型 of residents of Hong Kong, Macau and Taiwan, and 护照.
const KINDS_HMT: &[u16] = &[KIND_PASSPORT, 11, 14, 41, 42];

/// The book of Shanghai.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Shanghai,
    bureau: "上海市通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人须为法定代表人，同全国；互联网信息服务负责人不是法定代表人的，用上海的授权书。
    p2_auth_letter: Param::new(true, SHANGHAI_AGREED),
    // 外省个人: 居住证剩余有效期 1 个月以上，并附身份状况证明；不接受学生证。
    xprov_person: Param::new(
        CrossProvincePerson::WithProof(
            Proof::any_of(&[paper::RESIDENCE_PERMIT]).also(&[paper::STATUS_PROOF]).valid_for(30),
        ),
        SHANGHAI_AGREED,
    ),
    // 手机不限本地（旧资料曾要求本地）。
    // 营业执照剩余有效期 1 年以上。
    licence_min_days: Param::new(365, SHANGHAI_AGREED),
    // 不接受电子营业执照。
    licence_electronic: Param::new(false, HUAWEI_2026),
    // 企业证件: 外国企业常驻代表机构性质选企业，证件用组织机构代码证，不用登记证。其余同全国代码表，故拦截。
    certificates_by_nature: Param::blocking(CERTIFICATES_BY_NATURE, TENCENT_2022),
    // 域名持有者为单位、法定代表人，或附证明的境外母公司。个人域名须由本人持有，各方一致，故拦截。
    domain_holder: Param::blocking(DomainHolder::UnitPlus(&[paper::SHAREHOLDER_PROOF]), SHANGHAI_AGREED),
    // 网站累计 30 个起提交网站建设方案书。
    plan_threshold: Param::reviewing(
        &[Plan { above: PerNature::both(29), counting: Counting::ServicesInAll, paper: paper::SITE_PLAN }],
        SHANGHAI_AGREED,
    ),

    // 个人网站名称不得为纯英文: 全国至少 3 个汉字。金融用词须批准: 全国名单即上海名单。
    // 经营异常须先移出，已吊销的不得备案: 同全国。
    // 旅行社须有业务经营许可证；游戏须有版号（“网络游戏”见全国名单）。
    licensed_words_here: Param::new(
        &[
            LicensedWords::new(0, ("旅行社", "travel agencies"), "旅行社业务经营许可证", &["旅行社"]),
            LicensedWords::new(0, ("游戏", "games"), "游戏出版版号", &["游戏"]).except(&["网络游戏"]),
        ],
        TENCENT_2022,
    ),
    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),

    documents: &[
        // 接入: 上传最新营业执照；原负责人不是法定代表人的，补法定代表人证件，接入后变更。
        Document::new(paper::ORGANISER_CERTIFICATE, TENCENT_2022)
            .when(When::UNITS.types(ACCESS_TYPES))
            .note("最新的营业执照"),
        Document::new(paper::REPRESENTATIVE_ID, TENCENT_2022)
            .when(When::UNITS.types(ACCESS_TYPES).when(&[If::PrincipalNotRepresentative])),
        // 外籍法定代表人: 情况说明；外籍负责人: 护照之外的居住证或居留证明。
        Document::new(paper::UNIT_LETTER, TENCENT_2022)
            .when(
                When::UNITS
                    .types(ORGANISER_TYPES)
                    .when(&[If::ForeignRepresentative, If::PrincipalIdKind(&[KIND_PASSPORT])]),
            )
            .note("说明护照姓名与中文姓名为同一人，加盖公章"),
        Document::new(paper::RESIDENCE_PERMIT, TENCENT_2022)
            .or(&[paper::TEMPORARY_RESIDENCE])
            .when(When::ALWAYS.types(ORGANISER_TYPES).when(&[If::PrincipalIdKind(&[KIND_PASSPORT])]))
            .note("居住证或居留证明"),
    ],
    review_items: &[
        ReviewItem::new(
            "authorisation_form",
            S02,
            "materials.authorisation-service",
            ("授权书须使用上海管局模板", "the letter of authorisation is on Shanghai's form"),
            SHANGHAI_AGREED,
        )
        .when(When::UNITS.when(&[If::ServicePrincipalNotRepresentative])),
        ReviewItem::new(
            "licence_codes",
            S01,
            "materials.organiser-certificate",
            (
                "营业执照须有统一社会信用代码和证照编号",
                "the licence carries the unified code and its own number",
            ),
            TENCENT_2022,
        )
        .when(When::UNITS.when(&[If::Nature(&[4])])),
        ReviewItem::new(
            "foreign_parent_holds_domain",
            D02,
            "services[].domains",
            (
                "域名由境外母公司持有的，须有持股关系等证明材料",
                "where a parent company abroad holds the domain, papers prove that it owns the unit",
            ),
            SHANGHAI_AGREED,
        )
        .when(When::UNITS.when(&[If::DomainNotOfOrganiser])),
        ReviewItem::new(
            "hmt_documents",
            S01,
            "organiser.principal.id",
            (
                "港澳台人士优先使用有效期 3 个月以上的居住证；不接受香港身份证、护照",
                "residents of Hong Kong, Macau and Taiwan should use a residence permit valid for 3 months; no Hong Kong identity card, no passport",
            ),
            TENCENT_2022,
        )
        .when(When::ALWAYS.when(&[If::PrincipalIdKind(KINDS_HMT)])),
        ReviewItem::new(
            "passport_chinese_name",
            S01,
            "materials.organiser-principal-id",
            ("外籍法定代表人的护照复印件须注明中文姓名", "the copy of the passport carries the Chinese name"),
            TENCENT_2022,
        )
        .when(When::UNITS.when(&[If::PrincipalIdKind(&[KIND_PASSPORT])])),
        ReviewItem::new(
            "residence_is_address",
            S12,
            "organiser.address.detail",
            ("居住证地址须与通信地址一致", "the postal address is that of the residence permit"),
            SHANGHAI_AGREED,
        )
        .when(When::PERSONS.when(&[If::PrincipalFromElsewhere])),
        ReviewItem::new(
            "no_temporary_id",
            S01,
            "materials",
            ("不接受临时身份证", "temporary identity cards are not accepted"),
            TEMPORARY_IDS,
        ),
        ReviewItem::new(
            "contract_address",
            A01,
            "services[].access.addresses",
            ("接入合同的 IP 与域名解析的 IP 须一致", "the addresses of contract and resolution are the same"),
            TENCENT_2022,
        ),
        ReviewItem::new(
            "change_after_access",
            S04,
            "organiser.principal",
            (
                "原负责人不是法定代表人的，接入后变更为法定代表人",
                "after the access the legal representative becomes the person in charge",
            ),
            TENCENT_2022,
        )
        .when(When::UNITS.types(ACCESS_TYPES).when(&[If::PrincipalNotRepresentative])),
    ],
    extra: game_domains,
    ..NATIONAL
};

/// 证件类型 by 单位性质: the national table without 外国企业常驻代表机构登记证 (27) for enterprises.
const CERTIFICATES_BY_NATURE: &[(u16, &[u16])] = &[
    (1, &[5, 23]),
    (2, &[9, 13]),
    (3, &[3, 4, 15]),
    (4, &[1, 12]),
    (5, &[2, 7, 8, 11, 14, 30, 41, 42]),
    (6, &[6, 10]),
    (9, &[16, 17, 36, 37]),
    (10, &[18, 19]),
    (11, &[20, 21]),
    (12, &[22, 34, 40]),
];

/// 域名前缀含 game 的，提供版号或在备注说明。
fn game_domains(case: &Case<'_>, findings: &mut Findings) {
    if case.scope.domains == DomainScope::Nothing {
        return;
    }
    for (at, service) in case.services() {
        let is_explained =
            !service.pre_approvals.is_empty() || service.remark.as_deref().is_some_and(|text| !text.trim().is_empty());
        for (index, domain) in service.domains.iter().enumerate().filter(|_| !is_explained) {
            let domain = domain.to_lowercase();
            if domain.split('.').next().is_some_and(|prefix| prefix.contains("game")) {
                findings.add_with_remedy(
                    C05,
                    Rule::new("game_domain", Severity::Review, TENCENT_2022),
                    format!("{at}.domains[{index}]"),
                    ("域名含 game，须有版号或在备注说明", "with “game” in the domain, a permit or a remark is needed"),
                    (
                        "提供版号，或备注说明网站不涉及游戏",
                        "name the permit, or remark that the site is not about games",
                    ),
                );
            }
        }
    }
}

export_bureau!(BOOK);
