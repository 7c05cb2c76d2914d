//! 云南省通信管理局: the rule book of Yunnan's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{
    AccessMatch, AgeProof, Document, FieldWords, If, MatchSet, PerNature, ProvinceBook, ReviewItem, TextField, When,
    paper,
};
use icp_rules_sdk::catalogue::{N01, S03, V04};
use icp_rules_sdk::national::{
    ALIBABA_2019, HUAWEI_2026, JD_2018, NATIONAL, NEW_SERVICE_TYPES, ORGANISER_TYPES, SERVICE_TYPES, TENCENT_2022,
};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, export_bureau};

/// 华为云, 腾讯云 and 阿里云 agree on Yunnan.
const YUNNAN_AGREED: Cite = Cite::high("云南管局要求（华为云、腾讯云、阿里云一致）", "2025");
/// What one of them says.
const YUNNAN: Cite = Cite::medium("云南管局要求（华为云、腾讯云、阿里云各页）", "2025");

/// The book of Yunnan.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Yunnan,
    bureau: "云南省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 单位负责人、个人均满 16 周岁；未满 18 周岁提供在职证明。
    min_age_unit: Param::new(16, YUNNAN_AGREED),
    min_age_person: Param::new(16, YUNNAN_AGREED),
    minor_proof_unit: Param::new(AgeProof { below: 18, any_of: &[paper::EMPLOYMENT_PROOF] }, YUNNAN_AGREED),
    minor_proof_person: Param::new(AgeProof { below: 18, any_of: &[paper::EMPLOYMENT_PROOF] }, YUNNAN_AGREED),
    // 接受护照、港澳台居民通行证: as everywhere (`id_kinds_deny_person`, `id_kinds_deny_unit`).
    // 两位负责人的手机不得用于其他主办者。
    phone_unique_across_subjects: Param::new(true, YUNNAN),
    // 每个域名须域名证书（仅京东云 2018）。
    domain_certificates_from: Param::new(PerNature::both(1), JD_2018),

    // 行政区划名称: 个人不得使用，单位只可使用本单位名称中的。
    name_regions: Param::new(REGIONS, YUNNAN),
    field_words: Param::new(
        &[
            // 具有行政区划含义的名称（如“怒江网”）须经许可。
            FieldWords {
                when: When::ALWAYS,
                field: TextField::ServiceName,
                words: REGIONAL_NETS,
                message_zh: "名称具有行政区划含义，须经有关部门许可",
                message_en: "a name with an administrative meaning needs a permission",
                remedy_zh: "提供许可文件，或更换名称",
                remedy_en: "hand in the permission, or choose another name",
            },
            // 证件住所须在云南。
            FieldWords {
                when: When::UNITS.types(ORGANISER_TYPES),
                field: TextField::LicenceAddress,
                words: OTHER_PROVINCES,
                message_zh: "证件住所须在云南省",
                message_en: "the address on the licence must lie in Yunnan",
                remedy_zh: "在证件住所所在省备案",
                remedy_en: "file in the province of the licence's address",
            },
        ],
        YUNNAN,
    ),

    // 接入: 单位、个人均只核对名称。
    access_match: Param::new(AccessMatch { unit: MatchSet::NAME, person: MatchSet::NAME, unless: None }, ALIBABA_2019),
    // 主体变更: 只可更名；个人变更为单位须为其法定代表人: as the baseline says.
    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),

    // 政府机关、事业单位: 编办证明。
    documents: &[Document::new(paper::ESTABLISHMENT_PROOF, ALIBABA_2019)
        .when(When::UNITS.types(NEW_SERVICE_TYPES).when(&[If::Nature(&[2, 3])]))],
    review_items: &[
        ReviewItem::new(
            "licence_address_local",
            S03,
            "organiser.certificate.address",
            ("单位证件住所须在本省", "the address on a unit's licence lies in the province"),
            YUNNAN,
        )
        .when(When::UNITS.types(ORGANISER_TYPES)),
        ReviewItem::new(
            "administrative_name",
            N01,
            "services[].name",
            (
                "具有行政区划含义的网站名称（如“怒江网”）须经许可",
                "a site's name with an administrative meaning, such as 怒江网, needs a permission",
            ),
            YUNNAN,
        )
        .when(When::ALWAYS.types(SERVICE_TYPES)),
        ReviewItem::new(
            "commitment_template",
            V04,
            "materials.tutoring-commitment",
            (
                "不涉及承诺书使用管局统一模板，不得用于其他类别或他省",
                "the commitment follows the bureau's template, of this category and province",
            ),
            TENCENT_2022,
        )
        .when(When::UNITS.when(&[If::Words(&["学科培训", "校外培训", "辅导班"])])),
    ],
    ..NATIONAL
};

/// Names of provinces, and of the prefectures of Yunnan.
const REGIONS: &[&str] = &[
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
    "昆明",
    "曲靖",
    "玉溪",
    "保山",
    "昭通",
    "丽江",
    "普洱",
    "临沧",
    "楚雄",
    "红河",
    "文山",
    "西双版纳",
    "大理",
    "德宏",
    "怒江",
    "迪庆",
];

/// Names of sites that sound like those of a place.
const REGIONAL_NETS: &[&str] = &[
    "云南网",
    "昆明网",
    "曲靖网",
    "玉溪网",
    "保山网",
    "昭通网",
    "丽江网",
    "普洱网",
    "临沧网",
    "楚雄网",
    "红河网",
    "文山网",
    "西双版纳网",
    "大理网",
    "德宏网",
    "怒江网",
    "迪庆网",
];

/// Full names of the other provinces.
const OTHER_PROVINCES: &[&str] = &[
    "北京市",
    "天津市",
    "河北省",
    "山西省",
    "内蒙古自治区",
    "辽宁省",
    "吉林省",
    "黑龙江省",
    "上海市",
    "江苏省",
    "浙江省",
    "安徽省",
    "福建省",
    "江西省",
    "山东省",
    "河南省",
    "湖北省",
    "湖南省",
    "广东省",
    "广西壮族自治区",
    "海南省",
    "重庆市",
    "四川省",
    "贵州省",
    "西藏自治区",
    "陕西省",
    "甘肃省",
    "青海省",
    "宁夏回族自治区",
    "新疆维吾尔自治区",
];

export_bureau!(BOOK);
