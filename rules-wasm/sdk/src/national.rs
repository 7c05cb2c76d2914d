//! The national baseline: what holds in every province unless its bureau says otherwise.

use icp_domain::Province;

use crate::book::{
    AccessMatch, AgeProof, ChangePolicy, Copies, CrossProvincePerson, DistinctPhones, Document, DomainHolder, IdUnique,
    Instead, LegalRepresentative, LicensedWords, MatchSet, MaxAges, MobileLocal, OldNumber, Paper, PerNature,
    PersonToUnit, ProvinceBook, ReviewItem, SiteOpen, SmsIdTail, SmsTo, UnitToUnit, When, Whom, paper,
};
use crate::catalogue;
use crate::param::{Cite, Param};
use crate::{Date, FooterNumber, OrderType};

/// Several access providers' published rules agree (Huawei Cloud, Tencent Cloud, Alibaba Cloud).
pub const PROVIDERS_AGREE: Cite = Cite::high("接入商公开备案规则（华为云、腾讯云、阿里云一致）", "2026-07");
/// Huawei Cloud's current knowledge base.
pub const HUAWEI_2026: Cite = Cite::medium("华为云 ICP 备案知识库", "2026-07");
/// Tencent Cloud's provincial pages.
pub const TENCENT_2022: Cite = Cite::medium("腾讯云各省管局备案要求", "2022");
/// Alibaba Cloud's provincial pages.
pub const ALIBABA_2019: Cite = Cite::medium("阿里云 ICP 备案文档·各省管局规则", "2019-09-20");
/// Huawei Cloud's page on Guangdong.
pub const HUAWEI_GD_2025: Cite = Cite::medium("华为云·广东管局要求", "2025-05-27");
/// Huawei Cloud's provincial pages (Tibet, Chongqing, Qinghai, Ningxia, Hubei, Hebei, Shaanxi).
pub const HUAWEI_PROVINCES_2025: Cite = Cite::medium("华为云·各省管局要求", "2025");
/// Huawei Cloud's page on persons in charge.
pub const HUAWEI_2024: Cite = Cite::medium("华为云 ICP 备案常见问题", "2024-11-21");
/// JD Cloud's documentation.
pub const JD_2018: Cite = Cite::low("京东云 ICP 备案文档", "2018-12");
/// Volcengine's documentation.
pub const VOLCENGINE_2024: Cite = Cite::medium("火山引擎 ICP 备案文档", "2024");
/// Questions and answers of the ministry's SMS check, and providers' pages.
pub const SMS_RULES: Cite = Cite::high("工信部备案短信核验说明", "2020-08-17");
/// Security of government sites.
pub const GOVERNMENT_SITES: Cite = Cite::medium("互联网政务应用安全管理规定", "2024-07-01");
/// Photographs of the paper form.
pub const PHOTOGRAPHS_2010: Cite = Cite::low("工信部电管〔2010〕64号", "2010-02-23");
/// One domain, one filing number.
pub const NOTICE_633: Cite = Cite::high("工信管函〔2019〕633号", "2019-04-22");
/// Decree of the ministry on non-commercial internet services.
pub const DECREE_33: Cite = Cite::high("非经营性互联网信息服务备案管理办法（信息产业部令第33号）", "2005-03-20");
/// Domains are held by the organiser.
pub const DOMAIN_HOLDER_2018: Cite = Cite::high("工信部信管〔2017〕264号", "2018-01-01");
/// National standards of numbers.
pub const NUMBER_STANDARDS: Cite = Cite::high("GB 11643-1999、GB 32100-2015", "2015");
/// Code tables of the filing interface.
pub const CODE_TABLES: Cite = Cite::high("ICP/IP 地址/域名信息备案管理系统代码表", "2013");

/// Words that only units of the state may use.
pub const STATE_WORDS: &[&str] = &["中国", "中华", "中央", "人民", "人大", "国家"];

/// Words of finance that need an approval (Shanghai's list, used widely).
pub const FINANCE_WORDS: &[&str] = &[
    "交易所",
    "交易中心",
    "金融",
    "资产管理",
    "理财",
    "基金",
    "投资管理",
    "财富管理",
    "网贷",
    "网络借贷",
    "p2p",
    "股权众筹",
    "互联网保险",
    "支付",
    "信托",
];
/// What Liaoning adds to [`FINANCE_WORDS`].
pub const FINANCE_WORDS_LIAONING: &[&str] = &["担保", "典当", "贷款"];

/// The pledge of personal sites (Tianjin, Inner Mongolia, Shandong, Guangxi, Gansu).
pub const PLEDGE_F1: &[&str] = &["本网站是个人网站，不含有企业、单位等非个人网站的信息"];

const LICENSED_WORDS: &[LicensedWords] = &[
    LicensedWords::new(1, ("新闻", "news"), "互联网新闻信息服务许可证", &["新闻"]),
    LicensedWords::new(2, ("出版", "publishing"), "网络出版服务许可证", &["出版", "报刊", "音像"]),
    LicensedWords::new(
        5,
        ("药品和医疗器械", "medicines and medical devices"),
        "互联网药品信息服务资格证书",
        &["药品", "医药", "医疗器械"],
    ),
    LicensedWords::new(9, ("网络文化", "internet culture"), "网络文化经营许可证", &["动漫", "演出经纪"]),
    LicensedWords::new(
        10,
        ("广播电影电视节目", "broadcasting"),
        "信息网络传播视听节目许可证",
        &["广播", "视听", "影视"],
    ),
    LicensedWords::new(11, ("网络预约车", "ride hailing"), "网络预约出租汽车经营许可证", &["网约车"]),
    LicensedWords::new(13, ("金融", "finance"), "金融管理部门批准文件", FINANCE_WORDS),
    LicensedWords::new(
        14,
        ("校外培训", "tutoring"),
        "教育部门批准文件或不涉及校外培训承诺书",
        &["学科培训", "校外培训", "辅导班"],
    )
    .or_commitment(paper::TUTORING_COMMITMENT),
    LicensedWords::new(
        15,
        ("宗教", "religion"),
        "互联网宗教信息服务许可证",
        &["宗教", "佛教", "道教", "基督", "伊斯兰", "天主"],
    ),
    LicensedWords::new(0, ("游戏", "games"), "游戏出版版号", &["网络游戏", "网游"]),
];

/// The national words that need a licence first, with what serves beside the licence here. Where commitments are
/// accepted at all, tutoring keeps its own. `in_scope` reads the business scope (经营范围) as well.
pub const fn licensed_words_with(instead: Instead, in_scope: bool) -> [LicensedWords; LICENSED_WORDS.len()] {
    let mut list = [LICENSED_WORDS[0]; LICENSED_WORDS.len()];
    let mut index = 0;
    while index < LICENSED_WORDS.len() {
        let entry = LICENSED_WORDS[index];
        let own = matches!((instead, entry.instead), (Instead::Commitment(_), Instead::Commitment(_)));
        list[index] = LicensedWords { instead: if own { entry.instead } else { instead }, in_scope, ..entry };
        index += 1;
    }
    list
}

const LICENSED_WORD_COUNT: usize = {
    let (mut index, mut count) = (0, 0);
    while index < LICENSED_WORDS.len() {
        count += LICENSED_WORDS[index].words.len();
        index += 1;
    }
    count
};

/// All national words that need a licence first, for conditions.
pub const ALL_LICENSED_WORDS: &[&str] = &{
    let mut list = [""; LICENSED_WORD_COUNT];
    let (mut index, mut place) = (0, 0);
    while index < LICENSED_WORDS.len() {
        let words = LICENSED_WORDS[index].words;
        let mut word = 0;
        while word < words.len() {
            list[place] = words[word];
            place += 1;
            word += 1;
        }
        index += 1;
    }
    list
};

/// 营业执照, 事业单位法人证书, 居民身份证, … by 单位性质.
const CERTIFICATES_BY_NATURE: &[(u16, &[u16])] = &[
    (1, &[5, 23]),
    (2, &[9, 13]),
    (3, &[3, 4, 15]),
    (4, &[1, 12, 27]),
    (5, &[2, 7, 8, 11, 14, 30, 41, 42]),
    (6, &[6, 10]),
    (9, &[16, 17, 36, 37]),
    (10, &[18, 19]),
    (11, &[20, 21]),
    (12, &[22, 34, 40]),
];

/// Types that bring the organiser's data.
pub const ORGANISER_TYPES: &[OrderType] = &[
    OrderType::FirstFiling,
    OrderType::AddServiceElsewhere,
    OrderType::ChangeOrganiser,
    OrderType::ChangeBoth,
    OrderType::Migrate,
];
/// Types that bring data of a new service: first filings and additions.
pub const NEW_SERVICE_TYPES: &[OrderType] =
    &[OrderType::FirstFiling, OrderType::AddService, OrderType::AddServiceElsewhere];
/// Types that bring a service from another provider.
pub const ACCESS_TYPES: &[OrderType] = &[OrderType::AddAccess, OrderType::ContinueAccess];
/// Types that change what is on record.
pub const CHANGE_TYPES: &[OrderType] = &[OrderType::ChangeOrganiser, OrderType::ChangeService, OrderType::ChangeBoth];
/// Types for which P2 is captured, unless nothing changed.
pub const SERVICE_TYPES: &[OrderType] = &[
    OrderType::FirstFiling,
    OrderType::AddService,
    OrderType::AddServiceElsewhere,
    OrderType::AddAccess,
    OrderType::ContinueAccess,
    OrderType::ChangeService,
    OrderType::ChangeBoth,
    OrderType::Migrate,
];
/// Every type.
pub const ALL_TYPES: &[OrderType] = &[
    OrderType::FirstFiling,
    OrderType::AddService,
    OrderType::AddServiceElsewhere,
    OrderType::AddAccess,
    OrderType::ContinueAccess,
    OrderType::ChangeOrganiser,
    OrderType::ChangeService,
    OrderType::ChangeBoth,
    OrderType::ChangeAccess,
    OrderType::DeregisterOrganiser,
    OrderType::DeregisterService,
    OrderType::CancelAccess,
    OrderType::Migrate,
];

const DOCUMENTS: &[Document] = &[
    Document::new(paper::ORGANISER_CERTIFICATE, PROVIDERS_AGREE)
        .when(When::UNITS.types(ORGANISER_TYPES))
        .note("原件彩色照片或扫描件，四边完整、无反光"),
    Document::new(paper::ORGANISER_PRINCIPAL_ID, PROVIDERS_AGREE)
        .when(When::ALWAYS.types(ORGANISER_TYPES))
        .same_person(&[paper::ORGANISER_CERTIFICATE.kind, paper::SERVICE_PRINCIPAL_ID.kind])
        .note("正反面原件，不得翻拍"),
    Document::new(paper::SERVICE_PRINCIPAL_ID, PROVIDERS_AGREE)
        .when(When::ALWAYS.types(SERVICE_TYPES))
        .each_service()
        .same_person(&[paper::ORGANISER_PRINCIPAL_ID.kind, paper::ORGANISER_CERTIFICATE.kind])
        .note("正反面原件，不得翻拍"),
    Document::new(paper::SERVICE_PRINCIPAL_FACE, PROVIDERS_AGREE)
        .when(When::ALWAYS.types(SERVICE_TYPES))
        .each_service()
        .note("白色背景、免冠、无遮挡，现场拍摄"),
];

const REVIEW_ITEMS: &[ReviewItem] = &[
    ReviewItem::new(
        "content_fits",
        catalogue::N02,
        "services",
        (
            "网站名称与内容须与主办者及所选服务内容相符",
            "name and content fit the organiser and the chosen service contents",
        ),
        PROVIDERS_AGREE,
    )
    .when(When::ALWAYS.types(SERVICE_TYPES)),
    ReviewItem::new(
        "service_principal_is_staff",
        catalogue::S02,
        "services[].principal",
        ("互联网信息服务负责人须为本单位工作人员", "the service's person in charge is staff of the unit"),
        PROVIDERS_AGREE,
    )
    .when(When::UNITS.types(SERVICE_TYPES)),
    ReviewItem::new(
        "pictures_readable",
        catalogue::S01,
        "materials",
        (
            "证件为彩色原件，四边完整、清晰、无反光，国徽与印章可见；水印只可为“仅供备案使用”且不遮挡文字",
            "certificates are colour originals with complete edges, readable, emblem and stamp visible; the only watermark is 仅供备案使用 beside the text",
        ),
        PROVIDERS_AGREE,
    ),
];

const SMS_RECEIVERS: &[(OrderType, SmsTo)] = &[
    (OrderType::FirstFiling, SmsTo::Both),
    // Tencent 2022: both; the pilot of 2017 asked P2 only.
    (OrderType::AddService, SmsTo::Both),
    (OrderType::AddServiceElsewhere, SmsTo::Both),
    (OrderType::AddAccess, SmsTo::ServicesOnRecord),
    (OrderType::ContinueAccess, SmsTo::ServicesOnRecord),
    (OrderType::ChangeOrganiser, SmsTo::Organiser),
    (OrderType::ChangeService, SmsTo::Services),
    (OrderType::ChangeBoth, SmsTo::Both),
    (OrderType::ChangeAccess, SmsTo::Services),
    (OrderType::DeregisterOrganiser, SmsTo::Organiser),
    (OrderType::DeregisterService, SmsTo::Services),
    (OrderType::CancelAccess, SmsTo::Nobody),
    (OrderType::Migrate, SmsTo::Both),
];

/// 党政机关 and 事业单位 (《互联网政务应用安全管理规定》).
const SUFFIX_BY_NATURE: &[(u16, &[&str])] =
    &[(2, &["gov.cn", "政务", "xn--zfr164b"]), (3, &["cn", "公益", "xn--55qw42g", "政务", "xn--zfr164b"])];

/// Short names of the provinces.
pub const PROVINCE_NAMES: &[&str] = &[
    "北京",
    "天津",
    "河北",
    "山西",
    "内蒙古",
    "辽宁",
    "吉林",
    "黑龙江",
    "上海",
    "江苏",
    "浙江",
    "安徽",
    "福建",
    "江西",
    "山东",
    "河南",
    "湖北",
    "湖南",
    "广东",
    "广西",
    "海南",
    "重庆",
    "四川",
    "贵州",
    "云南",
    "西藏",
    "陕西",
    "甘肃",
    "青海",
    "宁夏",
    "新疆",
];

const MINOR_PAPERS: &[Paper] = &[paper::EMPLOYMENT_PROOF, paper::INCOME_PROOF, paper::EMPLOYMENT_CONTRACT];

/// The baseline. A province's book is `ProvinceBook { …, ..NATIONAL }`.
pub const NATIONAL: ProvinceBook = ProvinceBook {
    province: Province::Beijing,
    bureau: "工业和信息化部",
    version: "1.0.0",
    effective_from: Date::new(2023, 9, 1),
    effective_to: None,

    order_types: Param::new(ALL_TYPES, PROVIDERS_AGREE),
    one_order_in_flight: Param::new(true, PROVIDERS_AGREE),
    order_limits: Param::new(&[], PROVIDERS_AGREE),
    services_total_max: Param::new(PerNature::NONE, PROVIDERS_AGREE),
    plan_threshold: Param::new(&[], PROVIDERS_AGREE),
    sms_receivers: Param::new(SMS_RECEIVERS, SMS_RULES),
    sms_idtail_variant: Param::advising(SmsIdTail::FrontNumber, SMS_RULES),

    certificates_by_nature: Param::new(CERTIFICATES_BY_NATURE, CODE_TABLES),
    id_kinds_deny_person: Param::new(&[], PROVIDERS_AGREE),
    id_kinds_deny_unit: Param::new(&[], PROVIDERS_AGREE),
    certificate_numbers: Param::new(true, NUMBER_STANDARDS),
    licence_min_days: Param::new(90, PROVIDERS_AGREE),
    unit_in_province: Param::new(true, PROVIDERS_AGREE),
    xprov_person: Param::new(CrossProvincePerson::Deny, PROVIDERS_AGREE),
    // Only a reader can be sure that an address is complete; a machine sees that a door number is missing.
    address_complete: Param::reviewing(true, PROVIDERS_AGREE),
    address_same_city: Param::new(&[], PROVIDERS_AGREE),
    investor_is_unit: Param::new(false, PROVIDERS_AGREE),
    investor_is_representative: Param::new(false, PROVIDERS_AGREE),
    register_agrees: Param::new(true, PROVIDERS_AGREE),
    // Registers abbreviate addresses, so a reviewer compares.
    register_address_agrees: Param::reviewing(true, PROVIDERS_AGREE),
    sole_trader_named: Param::new(false, PROVIDERS_AGREE),
    online_shop_domain: Param::new(false, PROVIDERS_AGREE),

    lr_mode: Param::new(LegalRepresentative::Must, PROVIDERS_AGREE),
    lr_letter_natures: Param::new(&[], PROVIDERS_AGREE),
    lr_must_words: Param::new(&[], PROVIDERS_AGREE),
    p2_auth_letter: Param::new(false, PROVIDERS_AGREE),
    p2_equals_p1_if_not_lr: Param::new(false, PROVIDERS_AGREE),
    p2_differs_from_p1: Param::new(false, PROVIDERS_AGREE),
    foreign_lr_p2_mainland: Param::new(false, PROVIDERS_AGREE),

    id_min_days: Param::new(90, PROVIDERS_AGREE),
    min_age_unit: Param::new(18, PROVIDERS_AGREE),
    min_age_person: Param::new(18, PROVIDERS_AGREE),
    minor_proof_unit: Param::new(AgeProof { below: 18, any_of: MINOR_PAPERS }, TENCENT_2022),
    minor_proof_person: Param::new(AgeProof { below: 18, any_of: MINOR_PAPERS }, TENCENT_2022),
    max_age_p2: Param::new(MaxAges { men: None, women: None }, PROVIDERS_AGREE),
    person_is_in_charge: Param::new(true, PROVIDERS_AGREE),
    id_unique_across_subjects: Param::new(IdUnique::Nobody, PROVIDERS_AGREE),

    // The ministry's SMS cannot reach anything else, so this blocks although the source is a single one.
    mobile_format: Param::blocking(true, HUAWEI_2026),
    // Some operators without a network of their own do not deliver the ministry's SMS.
    mobile_deny_segments: Param::advising(&["162", "165", "167", "170", "171"], SMS_RULES),
    mobile_local: Param::new(MobileLocal::Nobody, PROVIDERS_AGREE),
    email_format: Param::new(true, CODE_TABLES),
    distinct_contacts: Param::new(true, PROVIDERS_AGREE),
    emergency_required: Param::new(Whom::Nobody, PROVIDERS_AGREE),
    // "Usually": bureaus differ, a reviewer decides.
    emergency_differs: Param::reviewing(true, PROVIDERS_AGREE),
    emergency_third_mobile: Param::new(false, PROVIDERS_AGREE),
    distinct_phones: Param::new(DistinctPhones { same_person: 1, different_persons: 2 }, PROVIDERS_AGREE),
    office_phone_differs: Param::new(false, PROVIDERS_AGREE),
    landline_required: Param::new(false, PROVIDERS_AGREE),
    // Several firms of one legal representative should use the same number, so only a reviewer can tell.
    phone_unique_across_subjects: Param::reviewing(true, PROVIDERS_AGREE),

    name_min_han: Param::new(3, PROVIDERS_AGREE),
    // A suggestion of 3 to 10 characters.
    name_max_chars_person: Param::advising(10, HUAWEI_2026),
    name_not_plain: Param::new(true, PROVIDERS_AGREE),
    name_no_latin: Param::new(Whom::Nobody, PROVIDERS_AGREE),
    name_no_digits: Param::new(Whom::Nobody, PROVIDERS_AGREE),
    name_state_words: Param::new(STATE_WORDS, PROVIDERS_AGREE),
    name_state_natures: Param::new(&[1, 2, 3], PROVIDERS_AGREE),
    name_sensitive_words: Param::new(&["反腐", "赌博", "博彩", "廉政", "色情"], PROVIDERS_AGREE),
    name_deny_all: Param::new(&[], PROVIDERS_AGREE),
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
            "主页",
            "热线",
            "社团",
            "导航",
            "购买",
            "买卖",
            "交易",
            "优惠券",
            "电子商务",
            "个人空间",
            "个人博客",
        ],
        HUAWEI_2026,
    ),
    name_deny_person: Param::new(&[], PROVIDERS_AGREE),
    name_suffix_deny: Param::new(&[], PROVIDERS_AGREE),
    name_suffix_person: Param::new(&[], PROVIDERS_AGREE),
    name_not_own: Param::new(true, HUAWEI_2026),
    // A place may be part of a proper name, so a reviewer looks.
    name_regions: Param::reviewing(PROVINCE_NAMES, PROVIDERS_AGREE),
    // Relation is a matter of judgement; the machine only points at names that share nothing.
    name_related: Param::advising(true, PROVIDERS_AGREE),

    name_unique_in_organiser: Param::new(false, PROVIDERS_AGREE),
    // Only examples of generic names are known.
    app_name_deny: Param::reviewing(
        &["测试", "demo", "test", "默认", "未命名", "免费", "限时", "优惠", "特价"],
        HUAWEI_2026,
    ),
    app_name_same: Param::new(true, HUAWEI_2026),

    domains_per_website: Param::new(1, NOTICE_633),
    domain_format: Param::new(true, PROVIDERS_AGREE),
    domain_registrable: Param::new(true, PROVIDERS_AGREE),
    domain_registrable_except: Param::new(&[], PROVIDERS_AGREE),
    site_by_address: Param::new(&[], PROVIDERS_AGREE),
    suffix_allow: Param::new(&[], PROVIDERS_AGREE),
    suffix_deny: Param::new(&[], PROVIDERS_AGREE),
    suffix_access_before: Param::new(&[], PROVIDERS_AGREE),
    suffix_deny_access: Param::new(&[], PROVIDERS_AGREE),
    // Quoted by one provider for five provinces, with transition periods: a reviewer looks.
    suffix_by_nature: Param::reviewing(SUFFIX_BY_NATURE, GOVERNMENT_SITES),
    domain_registrar_approved: Param::new(true, PROVIDERS_AGREE),
    domain_real_named: Param::new(true, PROVIDERS_AGREE),
    domain_min_days: Param::new(90, PROVIDERS_AGREE),
    domain_holder: Param::new(DomainHolder::UnitOrLegalRepresentative, DOMAIN_HOLDER_2018),
    domain_certificates_from: Param::new(PerNature::NONE, PROVIDERS_AGREE),
    home_in_domain: Param::reviewing(true, PROVIDERS_AGREE),
    // What answers may be the registrar's parking page: a reviewer looks.
    site_closed_before: Param::reviewing(true, DECREE_33),
    dns_matches_access: Param::new(false, PROVIDERS_AGREE),

    content_allow_person: Param::new(&[6, 24], HUAWEI_2026),
    content_deny_person: Param::new(&[], PROVIDERS_AGREE),
    content_allow_unit: Param::new(&[], PROVIDERS_AGREE),
    content_deny_unit: Param::new(&[], PROVIDERS_AGREE),
    content_other_remark: Param::new(true, HUAWEI_2026),
    // A licence may be on its way or not be needed after all: the reviewer asks.
    content_licensed: Param::reviewing(&[5, 13, 14, 15, 21], CODE_TABLES),
    content_permits: Param::new(&[], PROVIDERS_AGREE),
    licensed_words: Param::reviewing(LICENSED_WORDS, PROVIDERS_AGREE),
    licensed_words_here: Param::new(&[], PROVIDERS_AGREE),
    remark_rules: Param::new(&[], PROVIDERS_AGREE),
    field_words: Param::new(&[], PROVIDERS_AGREE),

    access_complete: Param::new(true, PROVIDERS_AGREE),
    access_match: Param::new(
        AccessMatch { unit: MatchSet::NAME_NUMBER, person: MatchSet::NAME_NUMBER, unless: None },
        ALIBABA_2019,
    ),
    access_principal_is_lr: Param::new(false, ALIBABA_2019),
    access_old_number: Param::reviewing(OldNumber::Ask, TENCENT_2022),

    add_match: Param::new(MatchSet::NAME_NUMBER_PRINCIPAL, PROVIDERS_AGREE),
    site_open_policy: Param::new(SiteOpen::MayBeClosed, PROVIDERS_AGREE),
    change_organiser: Param::new(
        ChangePolicy {
            unit_to_unit: UnitToUnit::RenameOnly,
            unit_to_person: false,
            person_to_unit: PersonToUnit::IfLegalRepresentative,
            person_to_person: false,
            rename: Some(paper::RENAME_LETTER),
            number_may_change: true,
        },
        TENCENT_2022,
    ),
    change_domains_only_delete: Param::new(true, NOTICE_633),
    new_with_change: Param::new(false, PROVIDERS_AGREE),
    access_with_change: Param::advising(false, PROVIDERS_AGREE),
    // 26 provinces (Huawei 2026); the others say no.
    migrate: Param::new(true, HUAWEI_2026),
    // Huawei 2026 says yes; Tencent 2022 and Alibaba 2019 say no.
    cross_province_change: Param::new(true, HUAWEI_2026),
    shell_subject_add: Param::new(false, HUAWEI_2026),

    picture_media_types: Param::new(&["image/jpeg", "image/png"], PROVIDERS_AGREE),
    picture_bytes_max: Param::new(4 * 1024 * 1024, PROVIDERS_AGREE),
    app_icon_bytes_max: Param::new(100 * 1024, HUAWEI_2026),
    // 800×600 was asked for the paper form of 2010 to 2019.
    face_min_px: Param::advising((0, 0), PHOTOGRAPHS_2010),
    picture_live: Param::reviewing(true, PROVIDERS_AGREE),
    picture_no_screen: Param::new(true, PROVIDERS_AGREE),
    picture_copies: Param::new(Copies::Never, TENCENT_2022),
    licence_electronic: Param::new(true, PROVIDERS_AGREE),

    footer_number: Param::new(FooterNumber::Service, PROVIDERS_AGREE),
    bureau_sla_wd: Param::new(20, DECREE_33),

    documents_national: DOCUMENTS,
    documents: &[],
    review_items_national: REVIEW_ITEMS,
    review_items: &[],
    extra: crate::book::nothing_more,
};
