//! 山东省通信管理局: the rule book of Shandong's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AgeProof, ChangePolicy, CrossProvincePerson, If, Instead, LegalRepresentative, LicensedWords, Proof, ProvinceBook,
    RemarkRule, ReviewItem, Says, UnitToUnit, When, Whom, paper,
};
use icp_rules_sdk::catalogue::{D05, N01, R01, S04};
use icp_rules_sdk::judge::{Case, Findings, Rule};
use icp_rules_sdk::national::{
    CHANGE_TYPES, HUAWEI_2026, NATIONAL, PLEDGE_F1, SERVICE_TYPES, TENCENT_2022, licensed_words_with,
};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, Severity, export_bureau};

/// What the providers' pages say of Shandong taken together.
const SHANDONG: Cite = Cite::medium("接入商公开的山东管局要求（华为云、腾讯云、阿里云）", "2026-07");
/// 华为云 and 腾讯云 agree on changes in Shandong.
const SHANDONG_AGREED: Cite = Cite::high("山东管局变更要求（华为云、腾讯云一致）", "2026-07");

/// The book of Shandong.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Shandong,
    bureau: "山东省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人须为法定代表人；外籍或港澳台法定代表人可授权内地居民。各来源对前半句一致，故拦截。
    lr_mode: Param::blocking(LegalRepresentative::MustUnlessForeign, SHANDONG),
    // 单位负责人年龄: 华为云 2026 写满 17 周岁，阿里云 2019 写满 18 周岁；17 周岁的按全国口径提供证明，由审核人员判断。
    min_age_unit: Param::new(17, HUAWEI_2026),
    // 个人未满 18 周岁的由监护人担保；来源未写下限，也未写明用同意书还是证件。
    min_age_person: Param::new(0, TENCENT_2022),
    minor_proof_person: Param::new(
        AgeProof { below: 18, any_of: &[paper::GUARDIAN_CONSENT, paper::GUARDIAN_ID] },
        TENCENT_2022,
    ),
    // 外省个人: 居住证或学生证（华为云 2026）；腾讯云 2022 另接受社保、购房合同。
    xprov_person: Param::new(
        CrossProvincePerson::WithProof(Proof::any_of(&[
            paper::RESIDENCE_PERMIT,
            paper::STUDENT_CARD,
            paper::SOCIAL_INSURANCE,
            paper::HOUSE_CONTRACT,
        ])),
        HUAWEI_2026,
    ),

    // 网站名称不得为英文；域名、人名见全国要求与审核要点。
    name_no_latin: Param::new(Whom::Everybody, SHANDONG),
    // 个人网站名称不得含“分享”。
    name_deny_person: Param::new(&["分享"], HUAWEI_2026),

    // 涉及前置审批字样而不涉及该业务的，可提供统一模板的承诺书。
    licensed_words: Param::reviewing(COMMITTED_WORDS, SHANDONG),
    licensed_words_here: Param::new(
        &[
            // 经营范围含“以自有资金对外投资”的，提供承诺书。
            LicensedWords::new(13, ("金融", "finance"), "金融管理部门批准文件", &["以自有资金对外投资"])
                .in_scope()
                .or_commitment(paper::FINANCE_COMMITMENT),
            // 影视制作: 修改经营范围。
            LicensedWords::new(
                10,
                ("影视制作", "film production"),
                "信息网络传播视听节目许可证",
                &["影视制作", "影视节目制作"],
            )
            .in_scope()
            .or_cut(),
            // 影视发行、推广: 视听许可。
            LicensedWords::new(
                10,
                ("影视发行、推广", "distribution of films"),
                "信息网络传播视听节目许可证",
                &["影视发行", "影视节目发行", "影视推广", "影视节目推广"],
            )
            .in_scope(),
            // 出版物、期刊，药品、器械，互联网游戏: 须有许可。
            LicensedWords::new(2, ("出版", "publishing"), "网络出版服务许可证", &["出版物", "期刊"]).in_scope(),
            LicensedWords::new(
                5,
                ("药品和医疗器械", "medicines and medical devices"),
                "互联网药品信息服务资格证书",
                &["药品", "医疗器械"],
            )
            .in_scope(),
            LicensedWords::new(0, ("游戏", "games"), "游戏出版版号", &["互联网游戏"]).in_scope(),
        ],
        SHANDONG,
    ),
    remark_rules: Param::new(
        &[
            // 个人网站备注: 承诺及网站内容。
            RemarkRule::service(
                When::PERSONS.types(SERVICE_TYPES),
                "“本网站是个人网站，不含有企业、单位等非个人网站的信息……”及网站内容",
                "the pledge of personal sites and the site's content",
            )
            .says(Says::OneOf(PLEDGE_F1)),
            // 三个及以上域名的，备注指向同一网站（阿里云 2019）。
            RemarkRule::service(
                When::ALWAYS.types(SERVICE_TYPES).when(&[If::DomainsAbove(2)]),
                "域名指向同一网站",
                "that all domains lead to the same site",
            )
            .says(Says::OneOf(&["域名指向同一网站"])),
        ],
        SHANDONG,
    ),

    // 变更: 同一法定代表人的单位之间可变更；个人变更为单位须为其法定代表人。
    // 个人网站实为单位所有的，凭备注也可变更（腾讯云 2022），须由人判断，故不拦截。
    change_organiser: Param::reviewing(
        ChangePolicy { unit_to_unit: UnitToUnit::SameLegalRepresentative, ..NATIONAL.change_organiser.value },
        SHANDONG_AGREED,
    ),

    review_items: &[
        ReviewItem::new(
            "name_of_person",
            N01,
            "services[].name",
            ("网站名称不得为人名", "a site is not named after a person"),
            SHANDONG,
        )
        .when(When::ALWAYS.types(SERVICE_TYPES)),
        ReviewItem::new(
            "pledge_complete",
            R01,
            "services[].remark",
            (
                "个人网站备注须含完整承诺（违反的接受注销备案并列入黑名单）并说明网站内容",
                "the remark holds the whole pledge, with cancellation and blacklist as punishment, and the content",
            ),
            SHANDONG,
        )
        .when(When::PERSONS.types(SERVICE_TYPES)),
        ReviewItem::new(
            "person_site_of_unit",
            S04,
            "organiser.remark",
            (
                "个人名下的网站实为单位所有的，备注说明后可变更为单位",
                "a site on record for a person that really is a unit's may be moved to it, with a remark",
            ),
            TENCENT_2022,
        )
        .when(When::UNITS.types(CHANGE_TYPES)),
    ],
    extra: one_home_page,
    ..NATIONAL
};

/// The national words; a commitment serves beside the licence.
const COMMITTED_WORDS: &[LicensedWords] = &licensed_words_with(Instead::Commitment(paper::MATTER_COMMITMENT), false);

/// 一个网站只填写一个首页网址。
fn one_home_page(case: &Case<'_>, findings: &mut Findings) {
    if !case.scope.services {
        return;
    }
    for (at, service) in case.services() {
        let address = service.home_url.as_deref().unwrap_or_default().trim();
        if address.contains([';', '；', ',', '，', '、', '|', ' ', '\n']) {
            findings.add_with_remedy(
                D05,
                Rule::new("one_home_page", Severity::Review, SHANDONG),
                at.field("home_url"),
                ("一个网站只可填写一个首页网址", "a site has one home page"),
                ("只保留一个首页网址", "keep one home page"),
            );
        }
    }
}

export_bureau!(BOOK);
