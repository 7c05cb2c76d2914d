//! Complete orders: the clean orders of the vectors with everything that a platform knows when it submits, under other
//! names, numbers and domains; some of them with what applicants get wrong.

use std::path::Path;

use anyhow::{Context as _, ensure};
use icp_domain::identifiers::{CitizenId, OrganisationCode, Uscc};
use icp_rules_sdk::book::ProvinceBook;
use icp_rules_sdk::vector::Vector;
use icp_rules_sdk::{Context, Date, MaterialForm, Order, Person, batch, judge};

use crate::faults::{self, Fault};
use crate::measure::Lot;

/// An order and what is known beside it.
pub type Case = (Order, Context);

/// What kinds of orders, and how many of them are wrong.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    /// Companies alone, or also persons and accesses.
    pub companies_only: bool,
    /// Percent of orders with one to four mistakes.
    pub faulty_percent: u64,
    /// Percent of sites whose name the later edition of Guangdong's book does not allow.
    pub renamed_percent: u64,
}

/// As orders come in: every third has mistakes.
pub const LIVE: Mix = Mix { companies_only: false, faulty_percent: 33, renamed_percent: 0 };
/// What is filed: nearly all of it is clean.
pub const STOCK: Mix = Mix { companies_only: false, faulty_percent: 10, renamed_percent: 1 };
/// First websites of companies, for the engines.
pub const COMPANIES: Mix = Mix { companies_only: true, faulty_percent: 50, renamed_percent: 0 };

/// 单位性质 of persons.
const NATURE_PERSON: u16 = 5;
/// What must not be in a name from the later edition of Guangdong's book on.
const WORD_OF_NOTICE: &str = "大全";

/// An order with what was done to it.
#[derive(Debug, Clone)]
pub struct Made {
    /// The order.
    pub case: Case,
    /// The mistakes in it.
    pub faults: Vec<&'static str>,
    /// Whether its name breaks the later edition of Guangdong's book.
    pub is_renamed: bool,
}

/// Makes the orders of one province.
pub struct Generator {
    /// The province's book.
    pub book: &'static ProvinceBook,
    company: Case,
    person: Case,
    access: Case,
    faults_of_company: Vec<Fault>,
    faults_of_person: Vec<Fault>,
}

impl Generator {
    /// Reads the province's vectors.
    pub fn new(book: &'static ProvinceBook) -> anyhow::Result<Self> {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules-wasm/vectors"));
        let vectors = Vector::read_edition(root, book.province.letters(), book.version)?;
        let clean = |name: &str| {
            let vector = vectors.iter().find(|vector| vector.name == format!("national/{name}"));
            complete(book, vector.with_context(|| format!("there is no vector national/{name}"))?)
        };
        Ok(Self {
            book,
            company: clean("company-clean")?,
            person: clean("person-clean")?,
            access: clean("access-clean")?,
            faults_of_company: faults::of_company(book),
            faults_of_person: faults::of_person(),
        })
    }

    /// The order of this number; always the same one.
    pub fn make(&self, number: u64, mix: Mix) -> Made {
        let mut lot = Lot::of(number);
        let kind = if mix.companies_only { 0 } else { lot.below(10) };
        let (template, faults) = match kind {
            0..=5 => (&self.company, self.faults_of_company.as_slice()),
            6..=8 => (&self.person, self.faults_of_person.as_slice()),
            _ => (&self.access, [].as_slice()),
        };
        let mut case = template.clone();
        self.vary(&mut case, number, &mut lot);
        let is_renamed = lot.below(100) < mix.renamed_percent && case.0.organiser.nature != NATURE_PERSON;
        if is_renamed && let Some(service) = case.0.services.first_mut() {
            service.name += WORD_OF_NOTICE;
        }
        let wanted = if lot.below(100) < mix.faulty_percent { 1 + lot.below(4) } else { 0 };
        let mut groups = Vec::new();
        let mut names = Vec::new();
        for _ in 0..wanted {
            if let Some(fault) = lot.of_list(faults).filter(|fault| !groups.contains(&fault.group)) {
                (fault.make)(&mut case);
                groups.push(fault.group);
                names.push(fault.name);
            }
        }
        Made { case, faults: names, is_renamed }
    }

    /// Orders from a number on.
    pub fn make_all(&self, from: u64, count: usize, mix: Mix) -> Vec<Made> {
        (from..).take(count).map(|number| self.make(number, mix)).collect()
    }

    /// Other names, numbers and domains; nothing that a rule looks at changes.
    fn vary(&self, case: &mut Case, number: u64, lot: &mut Lot) {
        let (order, context) = case;
        let is_person = order.organiser.nature == NATURE_PERSON;
        let trade: String = (0..4).filter_map(|_| lot.of_list(&TRADE)).collect();
        let kind = lot.of_list(&TRADES).copied().unwrap_or_default();
        let organiser = if is_person { full_name(&trade, 0) } else { format!("示例{trade}{kind}有限公司") };
        let site = if is_person {
            // Some bureaus say how the name of a person's site ends.
            let ending = self.book.name_suffix_person.value.first().or_else(|| lot.of_list(&HOBBIES));
            format!("{trade}{}", ending.copied().unwrap_or_default())
        } else {
            format!("{trade}{kind}{}", lot.of_list(&SITES).copied().unwrap_or_default())
        };
        let domain = format!("specimen-{}-{number:07}.cn", order.province);
        let door = format!("{}号示例大厦{}室", 1 + lot.below(300), 101 + lot.below(1900));
        let change = |text: &mut String| *text = text.replace("1号示例大厦101室", &door);

        change(&mut order.organiser.address.detail);
        order.organiser.certificate.address.iter_mut().for_each(change);
        order.organiser.name.clone_from(&organiser);
        if is_person {
            let mut person = order.organiser.principal.clone();
            rename(&mut person, &organiser, number, lot, 0);
            order.organiser.certificate.number.clone_from(&person.id.number);
            for service in &mut order.services {
                service.principal = person.clone();
            }
            order.organiser.principal = person;
        } else {
            let serial = format!("{:08}", number % 100_000_000);
            if let Ok(code) = OrganisationCode::generate(&serial)
                && let Ok(uscc) = Uscc::generate("91", order.organiser.address.city_code, &code)
            {
                order.organiser.certificate.number = uscc.as_str().to_owned();
            }
            let representative = full_name(&trade, 0);
            rename(&mut order.organiser.principal, &representative, number, lot, 0);
            if order.organiser.investor.is_some() {
                order.organiser.investor = Some(representative.clone());
            }
            for service in &mut order.services {
                rename(&mut service.principal, &full_name(&trade, 1), number, lot, 2);
            }
            if let Some(answer) = context.enterprise.as_mut() {
                answer.name = Some(organiser.clone());
                answer.legal_representative = Some(representative);
                answer.address.iter_mut().for_each(change);
            }
        }
        for service in &mut order.services {
            service.name.clone_from(&site);
            service.domains = vec![domain.clone()];
            service.home_url = Some(format!("www.{domain}"));
            service.access.addresses = vec![format!("192.0.2.{}", 1 + lot.below(250))];
        }
        for answer in &mut context.domains {
            answer.domain.clone_from(&domain);
            answer.registrable = Some(domain.clone());
            answer.holder_name = Some(organiser.clone());
            answer.expires = Some(Date::new(2027 + lot.below(9) as u16, 6, 1 + lot.below(28) as u8));
        }
        for material in context.materials.iter_mut().flatten() {
            material.size_bytes = 120_000 + lot.below(2_000_000);
        }
        if let Some(record) = context.on_record.as_mut() {
            record.name = organiser;
            record.certificate_number.clone_from(&order.organiser.certificate.number);
            record.certificate_address.clone_from(&order.organiser.certificate.address);
            record.principal_name = Some(order.organiser.principal.name.clone());
            record.principal_id_number = Some(order.organiser.principal.id.number.clone());
            record.principal_mobile = Some(order.organiser.principal.mobile.clone());
            for (service, filed) in record.services.iter_mut().zip(&order.services) {
                service.name.clone_from(&filed.name);
                service.domains.clone_from(&filed.domains);
                service.principal_name = Some(filed.principal.name.clone());
                service.principal_id_number = Some(filed.principal.id.number.clone());
            }
        }
    }

    /// Clean orders are clean, and every mistake is found.
    pub fn prove(&self) -> anyhow::Result<()> {
        for fault in &self.faults_of_company {
            self.prove_fault(&self.company, fault)?;
        }
        for fault in &self.faults_of_person {
            self.prove_fault(&self.person, fault)?;
        }
        for number in 0..3000 {
            let made = self.make(number, if number % 2 == 0 { LIVE } else { STOCK });
            let findings = judge::judge(self.book, &made.case.0, &made.case.1);
            ensure!(
                findings.len() >= made.faults.len() && findings.is_empty() == made.faults.is_empty(),
                "order {number} of {} has the mistakes {:?}, found was {:?}",
                self.book.province.letters(),
                made.faults,
                findings.iter().map(icp_rules_sdk::vector::summary).collect::<Vec<_>>()
            );
        }
        Ok(())
    }

    fn prove_fault(&self, template: &Case, fault: &Fault) -> anyhow::Result<()> {
        let mut case = template.clone();
        self.vary(&mut case, 17, &mut Lot::of(17));
        (fault.make)(&mut case);
        let findings = judge::judge(self.book, &case.0, &case.1);
        ensure!(
            !findings.is_empty(),
            "the mistake `{}` is found as {:?} in {}",
            fault.name,
            findings.iter().map(icp_rules_sdk::vector::summary).collect::<Vec<_>>(),
            self.book.province.letters()
        );
        Ok(())
    }
}

/// The bytes of a batch.
pub fn encoded<'c>(cases: impl IntoIterator<Item = &'c Case>) -> anyhow::Result<Vec<u8>> {
    let bytes = cases.into_iter().try_fold(Vec::new(), |bytes, (order, context)| batch::encode(bytes, order, context));
    Ok(bytes?)
}

/// A clean order of the vectors with the whole answers of the registers and the materials' metadata.
fn complete(book: &'static ProvinceBook, vector: &Vector) -> anyhow::Result<Case> {
    let (order, mut context) = (vector.order.clone(), vector.context.clone());
    if let Some(answer) = context.enterprise.as_mut() {
        answer.address = order.organiser.certificate.address.clone();
        answer.business_scope = Some(SCOPE.to_owned());
    }
    for answer in &mut context.domains {
        answer.registrable = Some(answer.domain.clone());
        answer.registrar_approved = Some(true);
        answer.open = Some(false);
        answer.resolves_to = Some(Vec::new());
    }
    for material in context.materials.iter_mut().flatten() {
        material.form = Some(MaterialForm::Live);
        (material.width_px, material.height_px) = (Some(1600), Some(1200));
    }
    ensure!(judge::judge(book, &order, &context).is_empty(), "{} is not clean", vector.name);
    Ok((order, context))
}

/// 经营范围 as long as they usually are.
const SCOPE: &str = "一般项目：软件开发；软件销售；信息系统集成服务；信息技术咨询服务；技术服务、技术开发、技术咨询、技术交流、\
技术转让、技术推广；计算机软硬件及辅助设备零售；计算机软硬件及辅助设备批发；电子产品销售；办公用品销售；广告设计、代理；\
广告制作；广告发布；企业管理咨询；会议及展览服务；市场营销策划；组织文化艺术交流活动；数据处理和存储支持服务；\
互联网数据服务；货物进出口；技术进出口。（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）";

/// Characters of trade names; no two of them make a word that a bureau looks for.
const TRADE: [char; 40] = [
    '屿', '岚', '禾', '舟', '榆', '蒲', '苔', '筠', '芷', '霁', '泓', '澜', '桐', '杉', '枫', '柏', '鹭', '鸢', '雀',
    '鹿', '砚', '笺', '墨', '篱', '瓷', '陶', '釉', '竹', '麓', '溪', '涧', '泉', '晴', '霞', '暮', '晨', '星', '禹',
    '汐', '棠',
];
const TRADES: [&str; 8] = ["科技", "信息技术", "贸易", "餐饮管理", "物流", "装饰工程", "机械设备", "服饰"];
const SITES: [&str; 4] = ["", "门户", "产品展示", "在线服务"];
const HOBBIES: [&str; 4] = ["读书笔记", "植物手记", "摄影集", "木工记录"];

/// A name of a person that says that it is an example.
fn full_name(trade: &str, who: usize) -> String {
    format!("{}{}", ['示', '例'].get(who).copied().unwrap_or('示'), trade.chars().skip(2).collect::<String>())
}

fn rename(person: &mut Person, name: &str, number: u64, lot: &mut Lot, first_phone: u64) {
    name.clone_into(&mut person.name);
    let division = person.id.number.get(..6).and_then(|digits| digits.parse().ok()).unwrap_or(440_305);
    let (year, day) = (1965 + lot.below(35) as u16, 1 + lot.below(28) as u8);
    person.id.number = citizen(division, year, day, lot.below(1000) as u16).unwrap_or_default();
    person.id.valid_to = Some(Date::new(2030 + lot.below(15) as u16, 4, 15));
    let phone = |index: u64| format!("13{}", 800_000_000 + (number * 4 + index) % 100_000_000);
    person.mobile = phone(first_phone);
    person.emergency_phone = Some(phone(first_phone + 1));
    person.email = format!("specimen-{}-{number}@example.com", first_phone);
}

/// The number of somebody born in May of a year.
pub fn citizen(division: u32, year: u16, day: u8, sequence: u16) -> Option<String> {
    let born = chrono::NaiveDate::from_ymd_opt(i32::from(year), 5, u32::from(day))?;
    Some(CitizenId::generate(division, born, sequence).ok()?.as_str().to_owned())
}
