//! A first filing (XZBA/Baxx): what the bureau needs of it, and what is wrong with it by itself.

use super::attachments;
use super::identifiers::{
    is_citizen_id, is_credit_code, is_domain, is_mail_address, is_mobile, is_office_phone, is_public_address,
    is_registration_number,
};
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

/// Somebody who must answer the ministry's SMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// The mobile number.
    pub mobile: String,
    /// Last six characters of the id document, upper case; empty when none was reported.
    pub id_tail: String,
}

/// A first filing as the bureau keeps it.
#[derive(Debug, Default)]
pub struct NewFiling {
    /// The access provider that reported it.
    pub isp_id: u64,
    /// The organiser's name.
    pub organiser_name: String,
    /// Certificate of the organiser: type and number.
    pub certificate: (u32, String),
    /// Province of the organiser.
    pub province_code: u32,
    /// Every domain of every website, lower case.
    pub domains: Vec<String>,
    /// One per distinct mobile, the organiser's person in charge first.
    pub receivers: Vec<Receiver>,
    /// `Zt_xx` as uploaded.
    pub organiser: Element,
    /// Each `Wz_xx` as uploaded, without files.
    pub websites: Vec<Element>,
}

/// Reads and checks a record; the filing is as complete as the record allows.
pub fn read(record: &Element, attachment_max_bytes: usize) -> (NewFiling, Vec<Finding>) {
    let mut check = Check::default();
    let mut filing = NewFiling::default();
    let Some(organiser) = record.child("Zt_xx") else {
        return (filing, vec![Finding::missing("Zt_xx")]);
    };
    let is_organisation = check.organiser(organiser, &mut filing);
    filing.organiser = organiser.clone();

    let websites: Vec<&Element> = record.all("Wz_xx").collect();
    if websites.is_empty() {
        check.findings.push(Finding::missing("Wz_xx"));
    }
    for website in &websites {
        check.website(website, is_organisation, &mut filing);
        for file in website.all("Nrlx").flat_map(|it| it.all("Nrlx_xx")) {
            let files = file.all("Spwj");
            let checked = files.filter_map(|it| attachments::check_file("Spwj", it, attachment_max_bytes));
            check.findings.extend(checked);
        }
        filing.websites.push(without_files(website));
    }
    let owners = attachments::Owners {
        organiser: organiser.text_at("IspZtid"),
        websites: websites.iter().filter_map(|it| it.text_at("IspWzid")).collect(),
    };
    for attachment in record.all("Fj").flat_map(|it| it.all("Fjxx")) {
        check.findings.extend(attachments::check(attachment, &owners, attachment_max_bytes));
    }
    (filing, check.findings)
}

#[derive(Default)]
struct Check {
    findings: Vec<Finding>,
}

impl Check {
    fn add(&mut self, code: u32, text: impl Into<String>) {
        self.findings.push(Finding::new(code, text));
    }

    /// The text at a path, 5001 when it is missing or its length is out of range.
    fn text<'a>(&mut self, element: &'a Element, path: &str, length_max: usize) -> Option<&'a str> {
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
    fn number(&mut self, element: &Element, path: &str) -> Option<u64> {
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
    fn code(&mut self, element: &Element, path: &str) -> Option<u32> {
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
    fn organiser(&mut self, organiser: &Element, filing: &mut NewFiling) -> bool {
        self.number(organiser, "IspZtid");
        if let Some(name) = self.text(organiser, "Dwmc", 255) {
            filing.organiser_name = name.to_owned();
        }
        let nature = self.code(organiser, "Dwxz");
        self.place(organiser, filing);
        self.certificate(organiser, nature, filing);
        self.text(organiser, "Zj/Zjzs", 1024);
        if !matches!(organiser.text_at("Bbfs"), Some("0" | "1")) {
            self.add(5001, "Bbfs应为0或1");
        }
        let is_organisation = nature != Some(NATURE_PERSON);
        match organiser.child("Fzr") {
            None => self.findings.push(Finding::missing("Fzr")),
            Some(person) => {
                if is_organisation && person.text_at("Fzr_xm").is_none() {
                    self.add(1044, "主体负责人姓名为空");
                }
                let office_phone_missing = is_organisation && person.text_at("Fzr_dhhm").is_none();
                if office_phone_missing {
                    self.add(1010, "主体负责人办公电话为空");
                }
                self.person("主体负责人", person, filing);
            }
        }
        is_organisation
    }

    fn place(&mut self, organiser: &Element, filing: &mut NewFiling) {
        let Some(province_code) = self.code(organiser, "Txdz/Shengid") else {
            return;
        };
        filing.province_code = province_code;
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

    fn certificate(&mut self, organiser: &Element, nature: Option<u32>, filing: &mut NewFiling) {
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
        filing.certificate = (kind, number.to_uppercase());
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

    /// Contact data and document of a person in charge, who also becomes an SMS receiver.
    fn person(&mut self, role: &str, person: &Element, filing: &mut NewFiling) {
        self.text(person, "Fzr_sjhm", 128);
        self.text(person, "Fzr_dzyj", 128);
        for mobile in several(person.text_at("Fzr_sjhm")) {
            if !is_mobile(mobile) {
                self.add(1011, format!("{role}：无效手机号"));
            }
        }
        for address in several(person.text_at("Fzr_dzyj")) {
            if !is_mail_address(address) {
                self.add(1009, format!("{role}：无效邮箱"));
            }
        }
        for phone in several(person.text_at("Fzr_dhhm")) {
            if !is_office_phone(phone) {
                self.add(1010, format!("{role}：无效办公电话"));
            }
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
        let Some(mobile) = several(person.text_at("Fzr_sjhm")).next() else {
            return;
        };
        if !filing.receivers.iter().any(|known| known.mobile == mobile) {
            filing.receivers.push(Receiver { mobile: mobile.to_owned(), id_tail: tail_of(document) });
        }
    }

    fn website(&mut self, website: &Element, is_organisation: bool, filing: &mut NewFiling) {
        self.number(website, "IspWzid");
        self.text(website, "Wzmc", 512);
        self.codes(website, "Fwnr", "Fwnr_id", 64, 1034);
        self.codes(website, "Yylb", "Yylb_id", 17, 1066);
        let domains = self.domains(website);
        self.home_page(website, &domains);
        for domain in domains {
            if !filing.domains.contains(&domain) {
                filing.domains.push(domain);
            }
        }
        let mut accesses = website.all("Jr_xx").peekable();
        if accesses.peek().is_none() {
            self.findings.push(Finding::missing("Jr_xx"));
        }
        for access in accesses {
            self.access(access);
        }
        match website.child("Wz_Fzr") {
            None => self.findings.push(Finding::missing("Wz_Fzr")),
            Some(person) => {
                self.text(person, "Fzr_xm", 128);
                if is_organisation && person.text_at("Fzr_dhhm").is_none() {
                    self.add(1031, "网站负责人办公电话为空");
                }
                self.person("网站负责人", person, filing);
            }
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

    fn domains(&mut self, website: &Element) -> Vec<String> {
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
        if website.child("Ym_xx").is_none() {
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

    fn access(&mut self, access: &Element) {
        self.number(access, "IspJrid");
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

/// Last six characters of an id document, as the ministry's page asks for them.
pub fn tail_of(document: &str) -> String {
    let characters: Vec<char> = document.to_uppercase().chars().collect();
    let start = characters.len().saturating_sub(6);
    characters.get(start..).unwrap_or_default().iter().collect()
}

/// The website without the permits' pictures, which the bureau does not send back.
fn without_files(website: &Element) -> Element {
    let mut copy = website.clone();
    let permits =
        copy.children.iter_mut().filter(|child| child.name == "Nrlx").flat_map(|child| child.children.iter_mut());
    for permit in permits {
        permit.children.retain(|child| child.name != "Spwj");
    }
    copy
}
