//! The national baseline: what holds in every province unless its bureau says otherwise.

use icp_domain::Province;

use crate::book::{
    AskedFrom, CrossProvincePerson, DistinctPhones, Document, DocumentOf, DomainHolder, LegalRepresentative,
    LicensedWords, PerNature, ProvinceBook,
};
use crate::param::{Cite, Param};
use crate::{Date, FooterNumber, OrderType, Severity};

/// Several access providers' published rules agree (Huawei Cloud, Tencent Cloud, Alibaba Cloud).
pub const PROVIDERS_AGREE: Cite = Cite::high("接入商公开备案规则（华为云、腾讯云、阿里云一致）", "2026-07");
/// Huawei Cloud's current knowledge base.
pub const HUAWEI_2026: Cite = Cite::medium("华为云 ICP 备案知识库", "2026-07");
/// Tencent Cloud's provincial pages.
pub const TENCENT_2022: Cite = Cite::medium("腾讯云各省管局备案要求", "2022");
/// Alibaba Cloud's provincial pages.
pub const ALIBABA_2019: Cite = Cite::medium("阿里云 ICP 备案文档·各省管局规则", "2019-09-20");
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
const FINANCE_WORDS: &[&str] = &[
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

const LICENSED_WORDS: &[LicensedWords] = &[
    LicensedWords {
        topic_zh: "新闻", topic_en: "news", permit_zh: "互联网新闻信息服务许可证", words: &["新闻"]
    },
    LicensedWords {
        topic_zh: "出版",
        topic_en: "publishing",
        permit_zh: "网络出版服务许可证",
        words: &["出版", "报刊", "音像"],
    },
    LicensedWords {
        topic_zh: "药品和医疗器械",
        topic_en: "medicines and medical devices",
        permit_zh: "互联网药品信息服务资格证书",
        words: &["药品", "医药", "医疗器械"],
    },
    LicensedWords {
        topic_zh: "网络文化",
        topic_en: "internet culture",
        permit_zh: "网络文化经营许可证",
        words: &["动漫", "演出经纪"],
    },
    LicensedWords {
        topic_zh: "广播电影电视节目",
        topic_en: "broadcasting",
        permit_zh: "信息网络传播视听节目许可证",
        words: &["广播", "视听", "影视"],
    },
    LicensedWords {
        topic_zh: "网络预约车",
        topic_en: "ride hailing",
        permit_zh: "网络预约出租汽车经营许可证",
        words: &["网约车"],
    },
    LicensedWords {
        topic_zh: "金融", topic_en: "finance", permit_zh: "金融管理部门批准文件", words: FINANCE_WORDS
    },
    LicensedWords {
        topic_zh: "校外培训",
        topic_en: "tutoring",
        permit_zh: "教育部门批准文件或不涉及校外培训承诺书",
        words: &["学科培训", "校外培训", "辅导班"],
    },
    LicensedWords {
        topic_zh: "宗教",
        topic_en: "religion",
        permit_zh: "互联网宗教信息服务许可证",
        words: &["宗教", "佛教", "道教", "基督", "伊斯兰", "天主"],
    },
    LicensedWords {
        topic_zh: "游戏", topic_en: "games", permit_zh: "游戏出版版号", words: &["网络游戏", "网游"]
    },
];

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

const DOCUMENTS: &[Document] = &[
    Document {
        kind: "organiser-certificate",
        also_if_same_person: &[],
        from: AskedFrom::Units,
        of: DocumentOf::Organiser,
        title_zh: "主办单位有效证件",
        title_en: "certificate of the organiser",
        note_zh: Some("原件彩色照片或扫描件，四边完整、无反光"),
        max_age_working_days: None,
        cite: PROVIDERS_AGREE,
        severity: Severity::Block,
    },
    Document {
        kind: "organiser-principal-id",
        also_if_same_person: &["organiser-certificate", "service-principal-id"],
        from: AskedFrom::Everybody,
        of: DocumentOf::Organiser,
        title_zh: "主体负责人证件",
        title_en: "identity document of the organiser's person in charge",
        note_zh: Some("正反面原件，不得翻拍"),
        max_age_working_days: None,
        cite: PROVIDERS_AGREE,
        severity: Severity::Block,
    },
    Document {
        kind: "service-principal-id",
        also_if_same_person: &["organiser-principal-id", "organiser-certificate"],
        from: AskedFrom::Everybody,
        of: DocumentOf::EachService,
        title_zh: "互联网信息服务负责人证件",
        title_en: "identity document of the service's person in charge",
        note_zh: Some("正反面原件，不得翻拍"),
        max_age_working_days: None,
        cite: PROVIDERS_AGREE,
        severity: Severity::Block,
    },
    Document {
        kind: "service-principal-face",
        also_if_same_person: &[],
        from: AskedFrom::Everybody,
        of: DocumentOf::EachService,
        title_zh: "互联网信息服务负责人核验照片",
        title_en: "picture of the service's person in charge taken at the capture",
        note_zh: Some("白色背景、免冠、无遮挡，现场拍摄"),
        max_age_working_days: None,
        cite: PROVIDERS_AGREE,
        severity: Severity::Block,
    },
];

/// The baseline. A province's book is `ProvinceBook { …, ..NATIONAL }`.
pub const NATIONAL: ProvinceBook = ProvinceBook {
    province: Province::Beijing,
    bureau: "工业和信息化部",
    version: "1.0.0",
    effective_from: Date::new(2023, 9, 1),
    effective_to: None,

    order_types: Param::reviewing(&[OrderType::FirstFiling], DECREE_33),
    one_order_in_flight: Param::new(true, PROVIDERS_AGREE),
    services_per_order: Param::new(PerNature { unit: None, person: None }, PROVIDERS_AGREE),
    services_total_max: Param::new(PerNature { unit: None, person: None }, PROVIDERS_AGREE),
    plan_threshold: Param::new(PerNature { unit: None, person: None }, PROVIDERS_AGREE),

    certificates_by_nature: Param::new(CERTIFICATES_BY_NATURE, CODE_TABLES),
    id_kinds_deny_person: Param::new(&[], PROVIDERS_AGREE),
    certificate_numbers: Param::new(true, NUMBER_STANDARDS),
    licence_min_days: Param::new(90, PROVIDERS_AGREE),
    unit_in_province: Param::new(true, PROVIDERS_AGREE),
    xprov_person: Param::new(CrossProvincePerson::Deny, PROVIDERS_AGREE),
    // Only a reader can be sure that an address is complete; a machine sees that a door number is missing.
    address_complete: Param::reviewing(true, PROVIDERS_AGREE),
    address_same_city: Param::new(&[], PROVIDERS_AGREE),
    register_agrees: Param::new(true, PROVIDERS_AGREE),
    lr_mode: Param::new(LegalRepresentative::Must, PROVIDERS_AGREE),

    id_min_days: Param::new(90, PROVIDERS_AGREE),
    min_age_unit: Param::new(18, PROVIDERS_AGREE),
    min_age_person: Param::new(18, PROVIDERS_AGREE),
    minor_proof_below: Param::new(18, TENCENT_2022),
    person_is_in_charge: Param::new(true, PROVIDERS_AGREE),
    // The ministry's SMS cannot reach anything else, so this blocks although the source is a single one.
    mobile_format: Param::blocking(true, HUAWEI_2026),
    email_format: Param::new(true, CODE_TABLES),
    distinct_contacts: Param::new(true, PROVIDERS_AGREE),
    // "Usually": bureaus differ, a reviewer decides.
    emergency_differs: Param::reviewing(true, PROVIDERS_AGREE),
    distinct_phones: Param::new(DistinctPhones { same_person: 1, different_persons: 2 }, PROVIDERS_AGREE),
    // Several firms of one legal representative should use the same number, so only a reviewer can tell.
    phone_unique_across_subjects: Param::reviewing(true, PROVIDERS_AGREE),

    name_min_han: Param::new(3, PROVIDERS_AGREE),
    name_not_plain: Param::new(true, PROVIDERS_AGREE),
    name_state_words: Param::new(STATE_WORDS, PROVIDERS_AGREE),
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
    name_not_own: Param::new(true, HUAWEI_2026),
    // Relation is a matter of judgement; the machine only points at names that share nothing.
    name_related: Param::advising(true, PROVIDERS_AGREE),

    domains_per_website: Param::new(1, NOTICE_633),
    domain_format: Param::new(true, PROVIDERS_AGREE),
    domain_registrable: Param::new(true, PROVIDERS_AGREE),
    suffix_allow: Param::new(&[], PROVIDERS_AGREE),
    domain_real_named: Param::new(true, PROVIDERS_AGREE),
    domain_min_days: Param::new(90, PROVIDERS_AGREE),
    domain_holder: Param::new(DomainHolder::UnitOrLegalRepresentative, DOMAIN_HOLDER_2018),
    home_in_domain: Param::reviewing(true, PROVIDERS_AGREE),

    content_allow_person: Param::new(&[6, 24], HUAWEI_2026),
    content_deny_person: Param::new(&[], PROVIDERS_AGREE),
    content_other_remark: Param::new(true, HUAWEI_2026),
    // A licence may be on its way or not be needed after all: the reviewer asks.
    content_licensed: Param::reviewing(&[5, 13, 14, 15, 21], CODE_TABLES),
    licensed_words: Param::reviewing(LICENSED_WORDS, PROVIDERS_AGREE),
    licensed_words_here: Param::new(&[], PROVIDERS_AGREE),
    remark_for_words: Param::new(&[], PROVIDERS_AGREE),

    access_complete: Param::new(true, PROVIDERS_AGREE),

    picture_media_types: Param::new(&["image/jpeg", "image/png"], PROVIDERS_AGREE),
    picture_bytes_max: Param::new(4 * 1024 * 1024, PROVIDERS_AGREE),
    documents_national: DOCUMENTS,
    documents: &[],

    footer_number: Param::new(FooterNumber::Service, PROVIDERS_AGREE),
    shell_subject_add: Param::new(false, HUAWEI_2026),
    bureau_sla_wd: Param::new(20, DECREE_33),
    extra: |_, _| {},
};
