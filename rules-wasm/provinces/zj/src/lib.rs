//! 浙江省通信管理局: the rule book of Zhejiang's bureau. What is not said here is the national baseline.

use icp_rules_sdk::book::{CrossProvincePerson, DomainHolder, LegalRepresentative, LicensedWords, ProvinceBook};
use icp_rules_sdk::catalogue::{S01, V05};
use icp_rules_sdk::judge::{Case, Findings, Rule};
use icp_rules_sdk::national::{ALIBABA_2019, HUAWEI_2026, NATIONAL, TENCENT_2022};
use icp_rules_sdk::param::{Cite, Param};
use icp_rules_sdk::{Date, Province, Severity, export_bureau};

/// 华为云, 腾讯云 and 阿里云 agree on Zhejiang.
const ZHEJIANG_AGREED: Cite = Cite::high("浙江管局要求（华为云、腾讯云、阿里云一致）", "2025");

/// The book of Zhejiang.
pub static BOOK: ProvinceBook = ProvinceBook {
    province: Province::Zhejiang,
    bureau: "浙江省通信管理局",
    version: env!("CARGO_PKG_VERSION"),
    effective_from: Date::new(2025, 1, 1),

    // 主体负责人须为法定代表人。
    lr_mode: Param::new(LegalRepresentative::Must, ZHEJIANG_AGREED),
    min_age_unit: Param::new(18, ZHEJIANG_AGREED),
    min_age_person: Param::new(18, ZHEJIANG_AGREED),
    // 外省个人须有居住证。
    xprov_person: Param::new(CrossProvincePerson::WithProof(&["居住证"]), ZHEJIANG_AGREED),
    // 域名持有者可为单位、法定代表人，或附证明的股东、高管。
    domain_holder: Param::new(DomainHolder::UnitPlus, ALIBABA_2019),

    // 个人网站名称禁用词。出自单一来源，但管局据此直接退回，故拦截。
    name_deny_person: Param::blocking(
        &[
            "工作室",
            "官网",
            "行业",
            "电商",
            "企业",
            "工坊",
            "中心",
            "产业",
            "农业",
            "养殖",
            "股票",
            "证券",
            "彩票",
            "体彩",
            "刮刮乐",
            "博客",
            "论坛",
            "在线",
            "社区",
        ],
        ALIBABA_2019,
    ),
    // 个人不得选择“博客/个人空间”。
    content_deny_person: Param::new(&[6], ALIBABA_2019),
    // 教育类仍须前置审批。
    licensed_words_here: Param::new(
        &[LicensedWords {
            topic_zh: "教育",
            topic_en: "education",
            permit_zh: "教育部门批准文件",
            words: &["教育", "培训", "网校"],
        }],
        ALIBABA_2019,
    ),

    // 空壳主体可直接新增。
    shell_subject_add: Param::new(true, HUAWEI_2026),
    // 管局审核最长 30 个工作日。
    bureau_sla_wd: Param::new(30, TENCENT_2022),
    extra: notices,
    ..NATIONAL
};

fn notices(case: &Case<'_>, findings: &mut Findings) {
    sole_traders(case, findings);
    online_shops(case, findings);
    permit_holders(case, findings);
}

/// 个体工商户须有字号并盖章 (credit codes that begin with 92).
fn sole_traders(case: &Case<'_>, findings: &mut Findings) {
    let number = &case.order.organiser.certificate.number;
    if !case.is_person() && number.starts_with("92") {
        findings.add_with_remedy(
            S01,
            Rule::new("sole_trader_named", Severity::Review, ZHEJIANG_AGREED),
            "organiser.name",
            ("个体工商户须有字号，材料须加盖公章", "a sole trader needs a trade name and a seal on the papers"),
            ("确认营业执照载有字号，并在材料上盖章", "confirm the trade name on the licence and seal the papers"),
        );
    }
}

/// 网店执照: the address on the licence is a platform's URL, and only that may be filed.
fn online_shops(case: &Case<'_>, findings: &mut Findings) {
    let address = case.order.organiser.certificate.address.as_deref().unwrap_or_default().to_lowercase();
    let is_shop = ["http://", "https://", "www.", "网店"].iter().any(|sign| address.contains(sign));
    let is_named = case
        .services()
        .flat_map(|(_, service)| &service.domains)
        .any(|domain| address.contains(&domain.to_lowercase()));
    if is_shop && !is_named {
        findings.add_with_remedy(
            S01,
            Rule::new("online_shop_domain", Severity::Review, ZHEJIANG_AGREED),
            "organiser.certificate.address",
            (
                "网店执照的住所为平台网址，备案域名须与之一致",
                "the licence is an online shop's: the domain must be the one in its address",
            ),
            ("备案执照住所所载的域名，或更换执照", "file the domain in the licence's address, or use another licence"),
        );
    }
}

/// 港澳居民来往内地通行证: the ministry's SMS page asks for other digits here.
fn permit_holders(case: &Case<'_>, findings: &mut Findings) {
    for (path, person) in case.persons() {
        if person.id.kind == 14 {
            findings.add_with_remedy(
                V05,
                Rule::new("sms_idtail_variant", Severity::Advise, ALIBABA_2019),
                format!("{path}.id.number"),
                (
                    "短信核验时须输入通行证背面港澳身份证号的后六位",
                    "the SMS check asks for the last six characters of the Hong Kong or Macau identity number on the back",
                ),
                ("按证件背面填写，如“567（8）”，括号为全角", "enter it as printed, e.g. 567（8） with full-width brackets"),
            );
        }
    }
}

export_bureau!(BOOK);
