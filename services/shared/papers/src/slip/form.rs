//! The form of the slip: its blocks and rows, the words of each kind of service and province.

use chrono::{FixedOffset, NaiveDate};
use icp_domain::{AppPlatform, InternetService, OrderType, Province, ServiceKind};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Says, SlipField, SlipOrder, Tick};
use crate::evidence::{EvidenceRef, Submission};
use crate::paper::{About, Paper, Template, chinese_date};
use crate::{PaperError, codes};

/// Everything that the form shows.
pub(super) struct Filled<'a> {
    pub order: SlipOrder<'a>,
    pub service: &'a InternetService,
    pub submission: Submission,
    pub ticks: &'a [Tick],
    pub review: &'a EvidenceRef,
    pub provider_name: &'a str,
    pub date: NaiveDate,
}

/// The words of the form, `data/slip.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    source: String,
    as_of: String,
    confidence: String,
    is_official_wording: bool,
    form: Vec<FormWords>,
    pledge: Vec<Pledge>,
}

/// Words that differ by kind of service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FormWords {
    services: Vec<ServiceKind>,
    title: String,
    organiser: String,
    kind: String,
    identity: String,
    service_block: String,
    identity_correct: String,
    principal: String,
}

/// What is promised; the first that names the province holds, else the one without provinces.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pledge {
    provinces: Vec<Province>,
    provider: String,
    unit: String,
    person: String,
}

/// Certificates that have a box of their own; any other one is "其他".
const UNIT_CERTIFICATES: [(&str, &[u16]); 5] = [
    ("组织机构代码证书", &[3, 9, 10, 12, 16, 18, 20]),
    ("工商营业执照", &[1]),
    ("事业法人证书", &[4]),
    ("社团法人证书", &[6]),
    ("军队代号", &[5]),
];
const PERSON_CERTIFICATES: [(&str, &[u16]); 5] =
    [("身份证", &[2]), ("户口簿", &[]), ("军官证", &[8]), ("港澳台胞证", &[11, 14, 41, 42]), ("护照", &[7])];
const PRE_APPROVALS: [(&str, &[u16]); 8] = [
    ("新闻", &[1]),
    ("出版", &[2]),
    ("教育", &[3, 14]),
    ("医疗保健", &[4]),
    ("药品和医疗器械", &[5]),
    ("文化", &[9]),
    ("广播电视节目", &[10]),
    ("电子公告服务", &[6]),
];
/// Characters of the row that tells what the service is known by; a longer list stands in the annex.
const IDENTITY_CHARACTERS_MAX: usize = 140;
/// Notes that the page holds beside everything else; more of them stand in the annex.
const NOTES_MAX: usize = 20;
const CHINA_UTC_OFFSET_SECONDS: i32 = 8 * 3600;

#[derive(Debug, Serialize)]
struct Block {
    title: String,
    rows: Vec<Row>,
}

#[derive(Debug, Default, Serialize)]
struct Row {
    label: String,
    /// What is printed, before the boxes or in their place.
    text: Option<String>,
    choices: Vec<Choice>,
    /// Numbers of the notes that prove the row.
    notes: Vec<usize>,
}

#[derive(Debug, Serialize)]
struct Choice {
    label: String,
    ticked: bool,
}

impl Choice {
    fn new(label: &str, ticked: bool) -> Self {
        Self { label: label.to_owned(), ticked }
    }
}

/// Lays the slip out. The words are data: where they cannot be read, the paper is refused.
pub(super) fn lay_out(filled: Filled<'_>) -> Result<Paper, PaperError> {
    let words: Words = toml::from_str(include_str!("../../data/slip.toml"))
        .map_err(|error| PaperError::Template(format!("data/slip.toml: {error}")))?;
    let missing = |what: &str| PaperError::Template(format!("data/slip.toml has no {what}"));
    let kind = filled.service.kind;
    let form = words.form.iter().find(|form| form.services.contains(&kind)).ok_or_else(|| missing("form"))?;
    let province = filled.order.filing.province;
    let pledge = words.pledge.iter().find(|pledge| pledge.provinces.contains(&province));
    let pledge = pledge.or_else(|| words.pledge.iter().find(|pledge| pledge.provinces.is_empty()));
    let pledge = pledge.ok_or_else(|| missing("pledge"))?;

    let is_person = filled.order.filing.organiser.is_person();
    let mut notes = Notes::default();
    let head = head(&filled, form, &mut notes);
    let blocks = blocks(&filled, form, &mut notes);
    let review_note = notes.number(filled.review);
    let annex = Annex::of(form, filled.service, &notes);
    let signed = chinese_date(filled.date);
    let body = json!({
        "head": head,
        "blocks": blocks,
        "pledges": [
            {
                "who": "接入服务单位承诺",
                "text": pledge.provider.replace("{provider}", filled.provider_name),
                "signatures": [
                    format!("核验人：电子核验，初审记录见注[{review_note}]"),
                    format!("接入服务单位：{}", filled.provider_name),
                    format!("日期：{signed}"),
                ],
            },
            {
                "who": form.principal,
                "text": if is_person { &pledge.person } else { &pledge.unit },
                "signatures": ["签字：", if is_person { "" } else { "单位盖章：" }, "日期：　　　年　　月　　日"],
            },
        ],
        "order": format!("订单 {}　第 {} 次提交", filled.submission.order_id, filled.submission.attempt),
        "notes": if annex.is_some() { Vec::new() } else { notes.lines() },
        "annex": annex,
    });
    let order_type: OrderType = filled.order.filing.order_type;
    let about = About {
        title: form.title.clone(),
        author: filled.provider_name.to_owned(),
        date: filled.date,
        keywords: vec![
            "真实性核验单".to_owned(),
            format!("order={}", filled.submission.order_id),
            format!("attempt={}", filled.submission.attempt),
            format!("is_official_wording={}", words.is_official_wording),
        ],
        attachment: json!({
            "paper": "slip",
            "order_id": filled.submission.order_id,
            "attempt": filled.submission.attempt,
            "order_type": order_type.as_str(),
            "province": province.letters(),
            "ticks": filled.ticks,
            "review": filled.review,
            "wording": {
                "is_official": words.is_official_wording,
                "source": words.source,
                "as_of": words.as_of,
                "confidence": words.confidence,
            },
        }),
    };
    let ident = format!("slip {} {} {}", filled.submission.order_id, filled.submission.attempt, filled.service.name);
    Ok(Paper::new(Template::Slip, ident, about, body))
}

fn head(filled: &Filled<'_>, form: &FormWords, notes: &mut Notes) -> Vec<Row> {
    let organiser = &filled.order.filing.organiser;
    let is_person = organiser.is_person();
    vec![
        named(&form.organiser, organiser.name.clone()),
        boxes(filled, notes, &form.kind, SlipField::OrganiserType, |tick| {
            let ticked = |is_it: bool| says(tick) == Some(Says::Yes) && is_it;
            vec![Choice::new("单位", ticked(!is_person)), Choice::new("个人", ticked(is_person))]
        }),
        named(&form.identity, identity(filled.service)),
    ]
}

/// What the service is known by: its domains, the packages of an app, else its name.
fn marks(service: &InternetService) -> Vec<String> {
    if !service.domains.is_empty() {
        return service.domains.clone();
    }
    let package = |app: &AppPlatform| format!("{}（{}）", app.package, codes::platform(app.platform));
    let packages: Vec<String> = service.app_platforms.iter().map(package).collect();
    if packages.is_empty() { vec![service.name.clone()] } else { packages }
}

/// The row of the marks, with the first one of a list that it does not hold.
fn identity(service: &InternetService) -> String {
    let marks = marks(service);
    match marks.first() {
        Some(first) if is_list_long(&marks) => format!("{first} 等{}个，详见附页", marks.len()),
        _ => marks.join("、"),
    }
}

fn is_list_long(marks: &[String]) -> bool {
    marks.len() > 1 && marks.join("、").chars().count() > IDENTITY_CHARACTERS_MAX
}

/// The continuation of a slip (附页) whose lists the page does not hold: each whole, so that it can be read alone.
#[derive(Debug, Serialize)]
struct Annex {
    title: String,
    label: String,
    marks: Vec<String>,
    notes: Vec<String>,
}

impl Annex {
    fn of(form: &FormWords, service: &InternetService, notes: &Notes) -> Option<Self> {
        let marks = marks(service);
        let is_needed = is_list_long(&marks) || notes.0.len() > NOTES_MAX;
        let title = format!("{}　附页", form.title);
        is_needed.then(|| Self { title, label: form.identity.clone(), marks, notes: notes.lines() })
    }
}

fn blocks(filled: &Filled<'_>, form: &FormWords, notes: &mut Notes) -> Vec<Block> {
    let service = filled.service;
    let block = |title: &str, rows: Vec<Row>| Block { title: title.to_owned(), rows };
    let unit = filled.order.filing.organiser.certificate.kind;
    let person = service.principal.id.kind;
    let mut certificate = |label: &str, field: SlipField, known: &[(&str, &[u16])], kind: u16| {
        boxes(filled, notes, label, field, |tick| one_of(known, tick.map(|_| kind)))
    };
    let certificates = [
        certificate("单位证件资质", SlipField::UnitCertificate, &UNIT_CERTIFICATES, unit),
        certificate("个人证件资质", SlipField::PersonCertificate, &PERSON_CERTIFICATES, person),
    ];
    let mut yes_no = |label: &str, field: SlipField| {
        boxes(filled, notes, label, field, |tick| {
            let ticked = |word: Says| says(tick) == Some(word);
            vec![Choice::new("是", ticked(Says::Yes)), Choice::new("否", ticked(Says::No))]
        })
    };
    let organiser = [
        yes_no("证件号码正确", SlipField::NumberCorrect),
        yes_no("留存证件复印件", SlipField::CopiesKept),
        yes_no("采集并留存负责人照片", SlipField::LivePhoto),
    ];
    let contact = vec![
        yes_no("手机号码正确", SlipField::Mobile),
        yes_no("座机号码正确", SlipField::Landline),
        yes_no("电子邮箱正确", SlipField::Email),
        yes_no("通信地址正确", SlipField::Address),
    ];
    let mut service_rows = vec![
        yes_no("名称规范", SlipField::NameProper),
        yes_no(&form.identity_correct, SlipField::DomainCorrect),
        yes_no("服务内容正确", SlipField::ContentCorrect),
    ];
    let addresses = yes_no("网络地址（IP）报备正确", SlipField::AddressesReported);
    let documents = yes_no("核验材料电子留存", SlipField::DocumentsKept);
    service_rows.extend(pre_approvals(filled, notes));
    vec![
        block("一、主体信息核验", certificates.into_iter().chain(organiser).collect()),
        block("二、联系方式核验", contact),
        block(&form.service_block, service_rows),
        block(
            "四、接入信息核验",
            vec![
                named("接入服务单位", filled.provider_name.to_owned()),
                named("接入方式", names(&service.access.methods, codes::access_method)),
                named("服务器放置地", names(&service.access.server_places, codes::server_place)),
                addresses,
            ],
        ),
        block("五、材料留存", vec![documents]),
    ]
}

/// Three states: with approval, without, and not proved, where claiming either would be false.
fn pre_approvals(filled: &Filled<'_>, notes: &mut Notes) -> [Row; 2] {
    let declared: Vec<u16> = filled.service.pre_approvals.iter().map(|approval| approval.category).collect();
    let field = SlipField::PreApproval;
    let has_any = boxes(filled, notes, "有前置或专项审批", field, |tick| {
        let ticked = |is_it: bool| tick.is_some() && is_it;
        vec![Choice::new("是", ticked(!declared.is_empty())), Choice::new("否", ticked(declared.is_empty()))]
    });
    let categories = boxes(filled, notes, "审批类别", field, |tick| {
        let is_known = |code: &u16| PRE_APPROVALS.iter().any(|(_, codes)| codes.contains(code));
        let is_declared = |codes: &[u16]| codes.iter().any(|code| declared.contains(code));
        let known = PRE_APPROVALS.iter().map(|(label, codes)| (*label, is_declared(codes)));
        let other = ("其他", !declared.iter().all(is_known));
        known.chain([other]).map(|(label, is_it)| Choice::new(label, tick.is_some() && is_it)).collect()
    });
    [has_any, categories]
}

fn find<'a>(filled: &Filled<'a>, field: SlipField) -> Option<&'a Tick> {
    filled.ticks.iter().find(|tick| tick.field() == field)
}

fn says(tick: Option<&Tick>) -> Option<Says> {
    tick.map(Tick::says)
}

/// A row without boxes.
fn named(label: &str, text: String) -> Row {
    Row { label: label.to_owned(), text: Some(text), ..Row::default() }
}

/// A row with its boxes; without them, where nobody is asked about it.
fn boxes(
    filled: &Filled<'_>,
    notes: &mut Notes,
    label: &str,
    field: SlipField,
    choices: impl FnOnce(Option<&Tick>) -> Vec<Choice>,
) -> Row {
    let tick = find(filled, field);
    let is_asked = !field.demands(filled.order).is_empty();
    Row {
        label: label.to_owned(),
        text: field.remark(filled.order).map(str::to_owned),
        choices: if is_asked { choices(tick) } else { Vec::new() },
        notes: notes.of(tick),
    }
}

/// One box per kind of certificate; `kind` is absent where nothing was proved.
fn one_of(known: &[(&str, &[u16])], kind: Option<u16>) -> Vec<Choice> {
    let ticked = kind.map(|kind| known.iter().position(|(_, codes)| codes.contains(&kind)).unwrap_or(known.len()));
    let labels = known.iter().map(|(label, _)| *label).chain(["其他"]);
    labels.enumerate().map(|(index, label)| Choice::new(label, ticked == Some(index))).collect()
}

fn names(list: &[u16], name: fn(u16) -> Option<&'static str>) -> String {
    let texts: Vec<String> =
        list.iter().map(|code| name(*code).map_or_else(|| format!("代码{code}"), str::to_owned)).collect();
    texts.join("、")
}

/// The end of a long reference: it tells one from another, and the whole is in the attachment.
fn short(id: &str) -> String {
    match id.char_indices().rev().nth(11) {
        Some((start, _)) if start > 0 => format!("…{}", &id[start..]),
        _ => id.to_owned(),
    }
}

/// The printed proofs, numbered in the order in which they are first used.
#[derive(Default)]
struct Notes(Vec<EvidenceRef>);

impl Notes {
    fn of(&mut self, tick: Option<&Tick>) -> Vec<usize> {
        tick.map_or_else(Vec::new, |tick| tick.evidence().iter().map(|proof| self.number(proof)).collect())
    }

    fn number(&mut self, proof: &EvidenceRef) -> usize {
        let place = self.0.iter().position(|known| known == proof).unwrap_or_else(|| {
            self.0.push(proof.clone());
            self.0.len() - 1
        });
        place + 1
    }

    fn lines(&self) -> Vec<String> {
        let line = |(place, proof): (usize, &EvidenceRef)| {
            let at = FixedOffset::east_opt(CHINA_UTC_OFFSET_SECONDS).map_or_else(
                || proof.at.to_rfc3339(),
                |zone| proof.at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string(),
            );
            let about = if proof.field.is_empty() { "全部申报内容" } else { &proof.field };
            format!("[{}] {} {} {about} {} {at}", place + 1, proof.kind.name_zh(), proof.check, short(&proof.id))
        };
        self.0.iter().enumerate().map(line).collect()
    }
}
