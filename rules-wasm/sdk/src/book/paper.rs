//! Papers that bureaus ask for, by the text form of their material.

/// A paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paper {
    /// Text form of the material, e.g. `residence-permit`.
    pub kind: &'static str,
    /// Its name in Chinese.
    pub title_zh: &'static str,
    /// Its name in English.
    pub title_en: &'static str,
}

impl Paper {
    /// A paper.
    pub const fn new(kind: &'static str, title_zh: &'static str, title_en: &'static str) -> Self {
        Self { kind, title_zh, title_en }
    }
}

macro_rules! papers {
    ($($name:ident = $kind:literal, $zh:literal, $en:literal;)*) => {
        $(
            #[doc = $zh]
            pub const $name: Paper = Paper::new($kind, $zh, $en);
        )*

        /// Every paper that is named here.
        pub const ALL: &[Paper] = &[$($name),*];
    };
}

papers! {
    ORGANISER_CERTIFICATE = "organiser-certificate", "主办单位有效证件", "certificate of the organiser";
    ORGANISER_PRINCIPAL_ID = "organiser-principal-id", "主体负责人证件", "identity document of the organiser's person in charge";
    SERVICE_PRINCIPAL_ID = "service-principal-id", "互联网信息服务负责人证件", "identity document of the service's person in charge";
    SERVICE_PRINCIPAL_FACE = "service-principal-face", "互联网信息服务负责人核验照片", "picture of the service's person in charge taken at the capture";
    REPRESENTATIVE_ID = "legal-representative-id", "法定代表人证件", "identity document of the legal representative";
    COMMITMENT = "commitment", "互联网信息服务备案承诺书", "letter of commitment";
    TRUTH_LETTER = "truth-letter", "ICP备案信息真实性责任告知书", "letter on the truth of the data";
    COMMITMENT_VIDEO = "commitment-video", "手持承诺书视频", "video of the person in charge with the commitment";
    AUTHORISATION_PRINCIPAL = "authorisation-principal", "主体负责人授权书", "letter of authorisation for the organiser's person in charge";
    AUTHORISATION_SERVICE = "authorisation-service", "互联网信息服务负责人授权书", "letter of authorisation for the service's person in charge";
    ARTICLES = "articles-of-association", "公司章程（股东或高管证明）", "articles naming shareholder or senior manager";
    SHAREHOLDER_PROOF = "shareholder-proof", "股东或高级管理人员证明", "proof of a shareholder or senior manager";
    UNIT_LETTER = "unit-letter", "单位情况说明（盖章）", "sealed statement of the unit";
    RESIDENCE_PERMIT = "residence-permit", "居住证", "residence permit";
    TEMPORARY_RESIDENCE = "temporary-residence", "暂住证明", "proof of temporary residence";
    HOUSE_DEED = "house-deed", "房产证", "house deed";
    HOUSE_CONTRACT = "house-contract", "购房合同", "contract of purchase of a house";
    LEASE = "lease", "租房合同", "lease";
    SOCIAL_INSURANCE = "social-insurance", "近三个月社保证明", "social insurance of the last three months";
    STUDENT_CARD = "student-card", "学生证", "student card";
    EMPLOYMENT_CONTRACT = "employment-contract", "聘用合同", "employment contract";
    EMPLOYMENT_PROOF = "employment-proof", "在职证明", "proof of employment";
    INCOME_PROOF = "income-proof", "收入证明", "proof of income";
    STUDY_PROOF = "study-proof", "在读证明", "proof of study";
    STATUS_PROOF = "status-proof", "身份状况证明", "proof of standing";
    GUARDIAN_CONSENT = "guardian-consent", "监护人同意书", "statement of the guardian";
    GUARDIAN_ID = "guardian-id", "监护人身份证件", "identity document of the guardian";
    DOMAIN_CERTIFICATE = "domain-certificate", "域名证书", "domain certificate";
    DOMAIN_SCREENSHOT = "domain-real-name-screenshot", "域名实名截图", "screen shot of the domain's real-name registration";
    SITE_PLAN = "site-plan", "网站建设方案书", "site plan";
    SITUATION_STATEMENT = "situation-statement", "情况说明书", "statement of the situation";
    RENAME_LETTER = "rename-letter", "更名函（变更证明）", "letter of the new name";
    PARTY_BUILDING = "party-building-letter", "网站党建备案信息确认函", "confirmation of party-building data";
    STATE_BODY_CONFIRMATION = "state-body-confirmation", "党政机关确认函", "confirmation of state bodies";
    ESTABLISHMENT_PROOF = "establishment-proof", "编办证明", "proof of the establishment office";
    SITE_QUALIFICATION = "site-qualification", "网站开办资格证明", "proof of qualification to run a site";
    SITE_NAME_REVIEW = "site-name-review", "网站名称审核表", "form of the site's name";
    PRE_APPROVAL = "pre-approval", "前置审批文件", "licence given before the filing";
    TUTORING_COMMITMENT = "tutoring-commitment", "不涉及校外培训承诺书", "commitment that tutoring is not touched";
    CULTURE_COMMITMENT = "culture-commitment", "不涉及网络文化承诺书", "commitment that internet culture is not touched";
    FINANCE_COMMITMENT = "finance-commitment", "不涉及金融业务承诺书", "commitment that finance is not touched";
    MATTER_COMMITMENT = "matter-commitment", "不涉及前置审批承诺书", "commitment that no licence is needed";
    MEDICAL_LICENCE = "medical-licence", "医疗机构执业许可证", "licence of a medical institution";
    MEDICAL_ADVERTISING = "medical-advertising", "医疗广告审查证明", "approval of medical advertising";
    SOLE_TRADER_LICENCE = "sole-trader-licence", "个体工商户营业执照", "licence of the sole trader";
    OTHER = "other", "其他材料", "other material";
}
