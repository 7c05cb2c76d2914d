//! One record of an upload as the bureau keeps it until it is decided: what is asked, about what, with which data.

use super::attachments::{self, Owners};
use super::checks::{As, Check};
use super::interface::{Interface, mobile_of};
use super::xml::Element;
use super::{Finding, upload_file::Block};

/// What a record asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// XZBA
    #[default]
    AddFiling,
    /// XZWZ
    AddService,
    /// XZJR
    AddAccess,
    /// BGBA
    ChangeFiling,
    /// BGZT
    ChangeOrganiser,
    /// BGWZ
    ChangeService,
    /// BGJR
    ChangeAccess,
    /// WZQY
    MigrateService,
    /// ZXBA, Zxlb 0
    DeregisterOrganiser,
    /// ZXBA, Zxlb 1
    DeregisterService,
    /// ZXBA, Zxlb 2
    CancelAccess,
}

impl Operation {
    /// `Czlx` of the answers.
    pub fn code(self) -> u8 {
        match self {
            Self::AddFiling => 1,
            Self::AddService => 2,
            Self::AddAccess => 3,
            Self::ChangeFiling
            | Self::ChangeOrganiser
            | Self::ChangeService
            | Self::ChangeAccess
            | Self::MigrateService => 4,
            Self::CancelAccess => 5,
            Self::DeregisterOrganiser => 6,
            Self::DeregisterService => 7,
        }
    }

    /// Whether data on record changes.
    pub fn is_change(self) -> bool {
        self.code() == 4
    }
}

/// Somebody who must answer the ministry's SMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// The mobile number.
    pub mobile: String,
    /// Last six characters of the id document, upper case; empty when none was reported.
    pub id_tail: String,
}

impl Receiver {
    /// The person in charge that an element (`Fzr`, `Wz_Fzr`) describes.
    pub fn of(person: &Element) -> Option<Self> {
        let mobile = mobile_of(person)?.to_owned();
        Some(Self { mobile, id_tail: tail_of(person.text_at("Fzr_zjhm").unwrap_or_default()) })
    }
}

/// A record on record, by the bureau's id or by its number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Id.
    pub id: Option<u64>,
    /// Filing number.
    pub number: Option<String>,
}

impl Named {
    fn read(element: &Element, id_tag: &str, number_tags: &[&str]) -> Self {
        Self {
            id: element.text_at(id_tag).and_then(|text| text.parse().ok()),
            number: number_tags.iter().find_map(|tag| element.text_at(tag)).map(str::to_owned),
        }
    }
}

/// One record of an upload.
#[derive(Debug, Default)]
pub struct Request {
    /// What is asked.
    pub operation: Operation,
    /// The access provider that reported it.
    pub isp_id: u64,
    /// Certificate of the organiser, where it is told: type and number.
    pub certificate: Option<(u32, String)>,
    /// Province of the organiser, where it is told.
    pub province_code: Option<u32>,
    /// Every domain of every service, lower case.
    pub domains: Vec<String>,
    /// `Zt_xx` as uploaded.
    pub organiser: Element,
    /// Each `Wz_xx` as uploaded, without files. A new access stands in its service.
    pub services: Vec<Element>,
    /// The organiser that is named.
    pub named_organiser: Named,
    /// The services that are named, one for each of `services`, or the one that is cancelled.
    pub named_services: Vec<Named>,
    /// The access that is cancelled.
    pub named_access: Option<u64>,
    /// How many verification slips came with it.
    pub slips: usize,
}

/// `Bs` and `Jlid` of the answers to a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerKeys {
    /// One result row for each.
    pub results: Vec<String>,
    /// One review row for each.
    pub reviews: Vec<String>,
}

/// Reads and checks a record; the request is as complete as the record allows.
pub fn read(
    block: Block,
    record: &Element,
    interface: Interface,
    attachment_max_bytes: usize,
) -> (Request, AnswerKeys, Vec<Finding>) {
    let mut reader = Reader {
        check: Check { interface, findings: Vec::new() },
        request: Request::default(),
        keys: AnswerKeys::default(),
    };
    if interface == Interface::V5 {
        reader.check.number(record, "IspLsh");
    }
    match block {
        Block::Xzba => reader.new_filing(record),
        Block::Xzwz => reader.new_services(record),
        Block::Xzjr if interface == Interface::V3 => reader.new_access_v3(record),
        Block::Xzjr => reader.new_accesses_v5(record),
        Block::Bgba => reader.change(record, Operation::ChangeFiling),
        Block::Bgzt => reader.change(record, Operation::ChangeOrganiser),
        Block::Bgwz => reader.change(record, Operation::ChangeService),
        Block::Bgjr => reader.change(record, Operation::ChangeAccess),
        Block::Wzqy => reader.change(record, Operation::MigrateService),
        Block::Zxba => reader.cancellation(record),
        Block::Hsjg | Block::Wbacljg | Block::Xzhyd => reader.check.add(5011, "功能未开放"),
    }
    reader.attachments(record, attachment_max_bytes);
    let Reader { check, mut request, keys } = reader;
    request.services = request.services.iter().map(without_files).collect();
    (request, keys, check.findings)
}

struct Reader {
    check: Check,
    request: Request,
    keys: AnswerKeys,
}

impl Reader {
    fn new_filing(&mut self, record: &Element) {
        self.request.operation = Operation::AddFiling;
        let Some(organiser) = record.child("Zt_xx") else {
            return self.check.findings.push(Finding::missing("Zt_xx"));
        };
        let is_organisation = self.check.organiser(organiser, As::New, &mut self.request);
        self.request.organiser = organiser.clone();
        self.services(record, As::New, is_organisation, true);
        let key: Vec<String> = organiser.text_at("IspZtid").map(str::to_owned).into_iter().collect();
        self.keys = AnswerKeys { results: key.clone(), reviews: key };
    }

    fn new_services(&mut self, record: &Element) {
        self.request.operation = Operation::AddService;
        self.name_organiser(record);
        self.services(record, As::New, false, true);
        let ids = self.request.services.iter().filter_map(|it| it.text_at("IspWzid")).map(str::to_owned);
        self.keys.reviews = ids.collect();
    }

    /// The organiser by its number or id; also the key of the results.
    fn name_organiser(&mut self, record: &Element) {
        let Some(organiser) = record.child("Zt_xx") else {
            return self.check.findings.push(Finding::missing("Zt_xx"));
        };
        let named = Named::read(organiser, "Ztid", &["Ztbah", "Baxh"]);
        if named == Named::default() {
            self.check.findings.push(Finding::missing("Ztbah"));
        }
        let key = named.number.clone().or(named.id.map(|id| id.to_string()));
        self.keys.results = key.into_iter().collect();
        self.keys.reviews = self.keys.results.clone();
        self.request.named_organiser = named;
        self.request.organiser = organiser.clone();
    }

    fn services(&mut self, record: &Element, part: As, is_organisation: bool, with_access: bool) {
        let services: Vec<&Element> = record.all("Wz_xx").collect();
        if services.is_empty() {
            self.check.findings.push(Finding::missing("Wz_xx"));
        }
        for service in services {
            self.check.website(service, part, is_organisation, with_access, &mut self.request);
            if part == As::OnRecord {
                self.request.named_services.push(Named::read(service, "Wzid", &["Baxh", "Wzbah"]));
            }
            self.request.services.push(service.clone());
        }
    }

    /// V3.0: one access of one service, whose parts stand beside the service.
    fn new_access_v3(&mut self, record: &Element) {
        self.request.operation = Operation::AddAccess;
        let mut service = record.child("Wz_xx").cloned().unwrap_or_default();
        let mut access = Element::new("Jr_xx");
        for tag in ["IspJrid", "Wzfb", "Wzjrfs", "Ip_xx"] {
            access.children.extend(record.all(tag).cloned());
        }
        "Wz_xx".clone_into(&mut service.name);
        service.children.push(access);
        self.new_access(service, true);
    }

    /// V5.0: several services of one organiser; a mini-program gets a platform instead of an access.
    fn new_accesses_v5(&mut self, record: &Element) {
        self.request.operation = Operation::AddAccess;
        self.name_organiser(record);
        self.keys = AnswerKeys::default();
        for service in record.all("Wz_xx") {
            self.new_access(service.clone(), true);
        }
        for service in record.all("XcxJrPt").flat_map(|wrapper| wrapper.all("Wz_xx")) {
            self.new_access(service.clone(), false);
        }
    }

    fn new_access(&mut self, service: Element, has_access: bool) {
        let named = Named::read(&service, "Wzid", &["Wzbah"]);
        if named == Named::default() {
            self.check.findings.push(Finding::missing("Wzbah"));
        }
        if has_access {
            self.check.accesses(&service, As::New);
        }
        let key = service.text_at("Jr_xx/IspJrid").map(str::to_owned).or_else(|| named.number.clone());
        self.keys.results.extend(key.clone());
        self.keys.reviews.extend(key);
        self.request.named_services.push(named);
        self.request.services.push(service);
    }

    fn change(&mut self, record: &Element, operation: Operation) {
        use Operation as O;
        self.request.operation = operation;
        self.name_organiser(record);
        let mut is_organisation = false;
        if let (O::ChangeFiling | O::ChangeOrganiser, Some(organiser)) = (operation, record.child("Zt_xx")) {
            is_organisation = self.check.organiser(organiser, As::OnRecord, &mut self.request);
        }
        match operation {
            O::ChangeOrganiser => {}
            O::ChangeAccess => {
                for service in record.all("Wz_xx") {
                    self.check.accesses(service, As::OnRecord);
                    self.request.named_services.push(Named::read(service, "Wzid", &["Baxh", "Wzbah"]));
                    self.request.services.push(service.clone());
                }
                if self.request.services.is_empty() {
                    self.check.findings.push(Finding::missing("Wz_xx"));
                }
            }
            _ => self.services(record, As::OnRecord, is_organisation, operation != O::ChangeService),
        }
    }

    fn cancellation(&mut self, record: &Element) {
        let id = self.check.number(record, "Jlid");
        let named = Named { id, number: None };
        match record.text_at("Zxlb") {
            Some("0") => {
                self.request.operation = Operation::DeregisterOrganiser;
                self.request.named_organiser = named;
            }
            Some("1") => {
                self.request.operation = Operation::DeregisterService;
                self.request.named_services.push(named);
            }
            Some("2") => {
                self.request.operation = Operation::CancelAccess;
                self.request.named_access = id;
            }
            other => self.check.add(5001, format!("Zxlb应为0、1或2：{other:?}")),
        }
        let reason = record.text_at("Zxly").and_then(|text| text.parse::<u32>().ok());
        if !reason.is_some_and(|reason| (1..=999).contains(&reason)) {
            self.check.add(1026, "注销理由代码错误");
        }
        self.keys.results = record.text_at("Jlid").map(str::to_owned).into_iter().collect();
        self.keys.reviews = self.keys.results.clone();
    }

    fn attachments(&mut self, record: &Element, max_bytes: usize) {
        for service in &self.request.services {
            for permit in service.all("Nrlx").flat_map(|it| it.all("Nrlx_xx")) {
                let files = permit.all("Spwj");
                self.check.findings.extend(files.filter_map(|it| attachments::check_file("Spwj", it, max_bytes)));
            }
        }
        let request = &self.request;
        let own_ids = self.request.services.iter().filter_map(|it| it.text_at("IspWzid"));
        let on_record = request
            .named_services
            .iter()
            .flat_map(|named| named.number.clone().into_iter().chain(named.id.map(|id| id.to_string())));
        let organiser = &request.named_organiser;
        let owners = Owners {
            organiser: (request.organiser.text_at("IspZtid").map(str::to_owned).into_iter())
                .chain(organiser.number.clone())
                .chain(organiser.id.map(|id| id.to_string()))
                .collect(),
            services: own_ids.map(str::to_owned).chain(on_record).collect(),
            // V3.0 names no organiser in a new access, and its pictures may still belong to it.
            any_organiser: request.operation == Operation::AddAccess,
        };
        for attachment in record.all("Fj").flat_map(|it| it.all("Fjxx")) {
            self.check.findings.extend(attachments::check(attachment, &owners, max_bytes));
            self.request.slips += usize::from(attachments::is_slip(attachment));
        }
    }
}

/// Last six characters of an id document, as the ministry's page asks for them.
pub fn tail_of(document: &str) -> String {
    let characters: Vec<char> = document.to_uppercase().chars().collect();
    let start = characters.len().saturating_sub(6);
    characters.get(start..).unwrap_or_default().iter().collect()
}

/// The service without the permits' pictures, which the bureau does not send back.
fn without_files(service: &Element) -> Element {
    let mut copy = service.clone();
    let permits =
        copy.children.iter_mut().filter(|child| child.name == "Nrlx").flat_map(|child| child.children.iter_mut());
    for permit in permits {
        permit.children.retain(|child| child.name != "Spwj");
    }
    copy
}
