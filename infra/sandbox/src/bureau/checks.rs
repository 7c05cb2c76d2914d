//! What is wrong with the parts of a record by themselves.

use super::identifiers::{
    is_citizen_id, is_credit_code, is_domain, is_mail_address, is_mobile, is_office_phone, is_public_address,
    is_registration_number, is_validity,
};
use super::interface::Interface;
use super::request::Request;
use super::xml::Element;
use super::{Finding, province};

/// Nature of a person among the natures of organisers.
const NATURE_PERSON: u32 = 5;
const CERTIFICATE_BUSINESS_LICENCE: u32 = 1;
const CERTIFICATE_CITIZEN_ID: u32 = 2;

/// Which certificates an organiser of each nature may show (notes §11.2).
const CERTIFICATES_OF_NATURE: [(u32, &[u32]); 18] = [
    (1, &[5, 23]),
    (2, &[9, 13]),
    (3, &[3, 4, 15]),
    (4, &[1, 12, 27]),
    (NATURE_PERSON, PERSONAL_CERTIFICATES),
    (6, &[6, 10]),
    (9, &[16, 17, 36, 37]),
    (10, &[18, 19]),
    (11, &[20, 21]),
    (12, &[22, 34, 40]),
    (13, &[24]),
    (14, &[28]),
    (15, &[25]),
    (16, &[35]),
    (17, &[38]),
    (18, &[39]),
    (19, &[43]),
    (20, &[44]),
];
const PERSONAL_CERTIFICATES: &[u32] = &[2, 7, 8, 11, 14, 30, 41, 42];

/// Whether a part is new, or on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    New,
    OnRecord,
}

/// Gathers findings.
pub(super) struct Check {
    pub(super) interface: Interface,
    pub(super) findings: Vec<Finding>,
}

impl Check {
    pub(super) fn add(&mut self, code: u32, text: impl Into<String>) {
        self.findings.push(Finding::new(code, text));
    }

    /// The text at a path, 5001 when it is missing or its length is out of range.
    pub(super) fn text<'a>(&mut self, element: &'a Element, path: &str, length_max: usize) -> Option<&'a str> {
        let Some(text) = element.text_at(path) else {
            self.findings.push(Finding::missing(path));
            return None;
        };
        if text.chars().count() > length_max {
            self.add(5001, format!("{path}超过{length_max}个字符"));
            return None;
        }
        Some(text)
    }

    /// The positive number at a path, 5001 when there is none.
    pub(super) fn number(&mut self, element: &Element, path: &str) -> Option<u64> {
        let text = self.text(element, path, 19)?;
        match text.parse() {
            Ok(number) if number > 0 => Some(number),
            _ => {
                self.add(5001, format!("{path}不是正整数：{text}"));
                None
            }
        }
    }

    /// A number that is small enough to be a code.
    pub(super) fn code(&mut self, element: &Element, path: &str) -> Option<u32> {
        let number = self.number(element, path)?;
        match u32::try_from(number) {
            Ok(code) => Some(code),
            Err(_) => {
                self.add(5001, format!("{path}超出范围：{number}"));
                None
            }
        }
    }

    /// Returns whether the organiser is an organisation.
    pub(super) fn organiser(&mut self, organiser: &Element, part: As, filing: &mut Request) -> bool {
        match (part, self.interface) {
            (As::New, _) => {
                self.number(organiser, "IspZtid");
            }
            (As::OnRecord, Interface::V3) => {
                self.number(organiser, "Ztid");
                self.text(organiser, "Baxh", 128);
            }
            (As::OnRecord, Interface::V5) => {
                self.text(organiser, "Baxh", 128);
            }
        }
        self.text(organiser, "Dwmc", 255);
        let nature = self.code(organiser, "Dwxz");
        self.place(organiser, filing);
        self.certificate(organiser, nature, filing);
        self.text(organiser, "Zj/Zjzs", 1024);
        if part == As::New && !matches!(organiser.text_at("Bbfs"), Some("0" | "1")) {
            self.add(5001, "Bbfs应为0或1");
        }
        let is_organisation = nature != Some(NATURE_PERSON);
        match organiser.child("Fzr") {
            None => self.findings.push(Finding::missing("Fzr")),
            Some(person) => {
                if is_organisation && person.text_at("Fzr_xm").is_none() {
                    self.add(1044, "主体负责人姓名为空");
                }
                if is_organisation && self.lacks_office_phone(person) {
                    self.add(1010, "主体负责人办公电话为空");
                }
                self.person("主体负责人", person);
            }
        }
        is_organisation
    }

    fn place(&mut self, organiser: &Element, filing: &mut Request) {
        let Some(province_code) = self.code(organiser, "Txdz/Shengid") else {
            return;
        };
        filing.province_code = Some(province_code);
        if province::by_code(province_code).is_none() {
            return self.add(1019, format!("省代码错误：{province_code}"));
        }
        let Some(city_code) = self.code(organiser, "Txdz/Shiid") else {
            return;
        };
        if city_code / 10_000 != province_code / 10_000 {
            self.add(1019, format!("市代码{city_code}不属于省{province_code}"));
        }
        if organiser.text_at("Txdz/Xianid").is_some()
            && let Some(county_code) = self.code(organiser, "Txdz/Xianid")
            && county_code / 10_000 != province_code / 10_000
        {
            self.add(1019, format!("县代码{county_code}不属于省{province_code}"));
        }
    }

    fn certificate(&mut self, organiser: &Element, nature: Option<u32>, filing: &mut Request) {
        let kind = self.code(organiser, "Zj/Zjlx");
        let number = self.text(organiser, "Zj/Zjhm", 255);
        let allowed = nature.and_then(|nature| {
            let found = CERTIFICATES_OF_NATURE.iter().find(|(it, _)| *it == nature);
            found.map(|(_, kinds)| *kinds)
        });
        if nature.is_some() && allowed.is_none() {
            self.add(1014, "无效单位性质");
        }
        let (Some(kind), Some(number)) = (kind, number) else {
            return;
        };
        filing.certificate = Some((kind, number.to_uppercase()));
        if allowed.is_some_and(|kinds| !kinds.contains(&kind)) {
            self.add(1008, format!("无效证件：该单位性质不可使用证件类型{kind}"));
        }
        match kind {
            CERTIFICATE_BUSINESS_LICENCE if !is_credit_code(number) && !is_registration_number(number) => {
                self.add(1008, "无效证件：营业执照号码校验未通过");
            }
            CERTIFICATE_CITIZEN_ID if !is_citizen_id(number) => {
                self.add(1015, "无效身份证号");
            }
            _ => {}
        }
    }

    /// V5.0 does not demand an office phone.
    fn lacks_office_phone(&self, person: &Element) -> bool {
        self.interface == Interface::V3 && person.text_at(self.interface.office_phone_tag()).is_none()
    }

    /// Contact data and document of a person in charge.
    fn person(&mut self, role: &str, person: &Element) {
        let mobile_tag = self.interface.mobile_tag();
        self.text(person, mobile_tag, 128);
        self.text(person, "Fzr_dzyj", 128);
        for mobile in several(person.text_at(mobile_tag)) {
            if !is_mobile(mobile) {
                self.add(1011, format!("{role}：无效手机号"));
            }
        }
        for address in several(person.text_at("Fzr_dzyj")) {
            if !is_mail_address(address) {
                self.add(1009, format!("{role}：无效邮箱"));
            }
        }
        for phone in several(person.text_at(self.interface.office_phone_tag())) {
            if !is_office_phone(phone) {
                self.add(1010, format!("{role}：无效办公电话"));
            }
        }
        if person.text_at("Fzr_zjyxq").is_some_and(|validity| !is_validity(validity)) {
            self.add(5001, format!("{role}：Fzr_zjyxq应为YYYY.MM.DD-YYYY.MM.DD"));
        }
        let document = person.text_at("Fzr_zjhm").unwrap_or_default();
        let kind = person.text_at("Fzr_zjlx").and_then(|it| it.parse().ok());
        match kind {
            Some(CERTIFICATE_CITIZEN_ID) if !is_citizen_id(document) => {
                self.add(1015, format!("{role}：无效身份证号"));
            }
            Some(kind) if !PERSONAL_CERTIFICATES.contains(&kind) || document.is_empty() => {
                self.add(1008, format!("{role}：无效证件"));
            }
            _ => {}
        }
    }

    /// A service with all its data, and with its access when `with_access`.
    pub(super) fn website(
        &mut self,
        website: &Element,
        part: As,
        is_organisation: bool,
        with_access: bool,
        filing: &mut Request,
    ) {
        match (part, self.interface) {
            (As::New, _) => {
                self.number(website, "IspWzid");
            }
            (As::OnRecord, Interface::V3) => {
                self.number(website, "Wzid");
                self.text(website, "Baxh", 128);
            }
            (As::OnRecord, Interface::V5) => {
                self.text(website, "Baxh", 128);
            }
        }
        self.text(website, "Wzmc", 512);
        let service_type = self.service_type(website);
        let content_max = if self.interface == Interface::V3 { 64 } else { 99_999 };
        self.codes(website, "Fwnr", "Fwnr_id", content_max, 1034);
        self.codes(website, "Yylb", "Yylb_id", 17, 1066);
        let domains = self.domains(website, service_type == 1);
        self.home_page(website, &domains);
        for domain in domains {
            if !filing.domains.contains(&domain) {
                filing.domains.push(domain);
            }
        }
        if with_access && matches!(service_type, 1 | 6) {
            self.accesses(website, part);
        }
        if matches!(service_type, 7 | 8) {
            self.codes(website, "Xcx_xx", "xcx_id", 99_999, 5001);
        }
        match website.child("Wz_Fzr") {
            None => self.findings.push(Finding::missing("Wz_Fzr")),
            Some(person) => {
                self.text(person, "Fzr_xm", 128);
                if is_organisation && self.lacks_office_phone(person) {
                    self.add(1031, "网站负责人办公电话为空");
                }
                self.person("网站负责人", person);
            }
        }
    }

    /// Fwlx: 1 website, 6 APP, 7 mini-program, 8 quick app. V3.0 knows websites only.
    fn service_type(&mut self, website: &Element) -> u32 {
        if self.interface == Interface::V3 {
            return 1;
        }
        match self.code(website, "Fwlx") {
            Some(known @ (1 | 6 | 7 | 8)) => known,
            other => {
                self.add(5001, format!("Fwlx应为1、6、7或8：{other:?}"));
                1
            }
        }
    }

    /// At least one access, each with its data.
    pub(super) fn accesses(&mut self, website: &Element, part: As) {
        let mut accesses = website.all("Jr_xx").peekable();
        if accesses.peek().is_none() {
            self.findings.push(Finding::missing("Jr_xx"));
        }
        for access in accesses {
            self.access(access, part);
        }
    }

    /// A list of code numbers in a group.
    fn codes(&mut self, element: &Element, group: &str, item: &str, code_max: u32, wrong: u32) {
        let items = element.all(group).flat_map(|it| it.all(item));
        let mut count = 0;
        for code in items {
            count += 1;
            let valid = code.text().parse().is_ok_and(|it: u32| (1..=code_max).contains(&it));
            if !valid {
                self.add(wrong, format!("{item}代码错误：{}", code.text()));
            }
        }
        if count == 0 {
            self.findings.push(Finding::missing(&format!("{group}/{item}")));
        }
    }

    fn domains(&mut self, website: &Element, is_needed: bool) -> Vec<String> {
        let mut domains = Vec::new();
        for entry in website.all("Ym_xx") {
            self.number(entry, "IspYmid");
            let Some(domain) = self.text(entry, "Ym", 128) else {
                continue;
            };
            if is_domain(domain) {
                domains.push(domain.to_lowercase());
            } else {
                self.add(1004, format!("无效域名：{domain}"));
            }
        }
        if is_needed && website.child("Ym_xx").is_none() {
            self.findings.push(Finding::missing("Ym_xx"));
        }
        domains
    }

    fn home_page(&mut self, website: &Element, domains: &[String]) {
        let Some(url) = website.text_at("Syurl") else {
            return;
        };
        let url = url.to_lowercase();
        let bare = url.trim_start_matches("https://").trim_start_matches("http://");
        let host = bare.split(['/', ':', '?']).next().unwrap_or_default();
        if !is_domain(host) {
            return self.add(1022, format!("首页地址格式错误：{url}"));
        }
        let holds_domain = domains.iter().any(|domain| host == domain || host.ends_with(&format!(".{domain}")));
        if !holds_domain {
            self.add(1041, "首页URL须包含某个域名");
        }
    }

    fn access(&mut self, access: &Element, part: As) {
        match (part, self.interface) {
            (As::New, _) => {
                self.number(access, "IspJrid");
            }
            (As::OnRecord, Interface::V3) => {
                self.number(access, "Jrid");
            }
            (As::OnRecord, Interface::V5) => {}
        }
        self.codes(access, "Wzfb", "Fbdd", 34, 1036);
        self.codes(access, "Wzjrfs", "Jrfs", 5, 1035);
        if access.child("Ip_xx").is_none() {
            self.findings.push(Finding::missing("Ip_xx"));
        }
        for range in access.all("Ip_xx") {
            self.number(range, "IspIpid");
            let first = range.text_at("Qsip").and_then(|it| it.parse::<u32>().ok());
            let last = range.text_at("Zzip").and_then(|it| it.parse::<u32>().ok());
            let valid = match (first, last) {
                (Some(first), Some(last)) => first <= last && is_public_address(first) && is_public_address(last),
                _ => false,
            };
            if !valid {
                self.add(1006, "无效IP");
            }
        }
    }
}

/// Several values in one field are separated by semicolons.
fn several(text: Option<&str>) -> impl Iterator<Item = &str> {
    let values = text.unwrap_or_default().split([';', '；']);
    values.map(str::trim).filter(|value| !value.is_empty())
}
