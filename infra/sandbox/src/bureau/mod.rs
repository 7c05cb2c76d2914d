//! A provincial bureau with the ministry's enterprise interface, V3.0 or V5.0 by account: the call-level checks here
//! and in [`upload`], the requests in [`registry`], what is on record in [`on_record`], the formats in the other
//! modules.

pub mod attachments;
mod checks;
pub mod codec;
pub mod conflicts;
pub mod downloads;
pub mod filed;
pub mod identifiers;
pub mod interface;
pub mod msg_code;
pub mod on_record;
pub mod province;
pub mod records;
pub mod registry;
pub mod request;
pub mod script;
pub mod seed;
pub mod soap;
mod status;
mod upload;
pub mod upload_file;
pub mod xml;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;

use crate::clock::Clock;
use crate::config::{AccountSpec, Config};
use crate::error::SandboxError;
use crate::lock::hold;
use crate::phones::PhoneNetwork;
use crate::timers::Timers;
use downloads::{Acknowledged, DownloadDesk, DownloadFile};
use interface::Interface;
use msg_code::MsgCode;
use on_record::{Correction, SentAs};
use records::Answer;
use registry::{Effect, Filing, FilingId, PageResult, Registry, ScriptedRejection};
pub use script::SmsTexts;
use script::{Fault, FaultKind, Faults, Settings, SettingsChange};
use soap::{SoapCall, SoapError};
pub use upload::UploadEntry;
use upload::UploadLedger;
use xml::Element;

/// Shortest random text that a call may carry.
const RANDOM_MIN_CHARACTERS: usize = 20;

/// Something wrong with a record: result code and text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `Jgdm`.
    pub code: u32,
    /// `Dmms`.
    pub text: String,
}

impl Finding {
    /// A finding.
    pub fn new(code: u32, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// A mandatory element is missing (5001).
    pub fn missing(tag: &str) -> Self {
        Self::new(5001, format!("不符合XSD：缺少{tag}"))
    }
}

/// A step that is taken later.
#[derive(Debug)]
pub enum Step {
    /// The automatic checks of the filings of one file.
    Check {
        /// Index of the account that sent the file.
        account: usize,
        /// The file's filings.
        filings: Range<FilingId>,
    },
    /// The decision on a filing.
    Review {
        /// The filing.
        filing: FilingId,
    },
    /// A person enters the code on the ministry's page.
    PersonAnswers {
        /// The person's mobile.
        mobile: String,
        /// The code that was sent.
        code: String,
        /// Last six characters of the person's document.
        id_tail: String,
    },
}

/// One account with its files in both directions.
struct Account {
    spec: AccountSpec,
    uploads: tokio::sync::Mutex<UploadLedger>,
    unchecked_files: AtomicUsize,
    waiting: Mutex<VecDeque<Vec<Answer>>>,
    desk: tokio::sync::Mutex<DownloadDesk>,
}

/// The delays of the bureau and of people, in real time.
#[derive(Debug, Clone, Copy)]
struct Delays {
    check_ms: u64,
    review_ms: u64,
    sms_answer_ms: u64,
}

/// The bureaus of all provinces behind one address.
pub struct Bureau {
    accounts: Vec<Account>,
    account_by_isp_id: HashMap<u64, usize>,
    registry: Mutex<Registry>,
    settings: Mutex<Settings>,
    faults: Mutex<Faults>,
    delays: Delays,
    attachment_max_bytes: usize,
    clock: Arc<Clock>,
    phones: Arc<PhoneNetwork>,
    timers: Arc<Timers>,
}

/// How a call ends.
#[derive(Debug)]
pub(crate) enum CallOutcome {
    /// This document is the result.
    Answer(String),
    /// The effect happened, and nobody hears of it.
    Dropped,
}

/// The `<return>` document of a call.
#[derive(Debug)]
struct Reply {
    code: MsgCode,
    message: String,
    content: Option<Box<Element>>,
}

impl Reply {
    fn plain(code: MsgCode) -> Self {
        Self { code, message: code.text().to_owned(), content: None }
    }

    fn with(code: MsgCode, content: Element) -> Self {
        Self { content: Some(Box::new(content)), ..Self::plain(code) }
    }

    fn to_xml(&self, interface: Interface) -> String {
        let mut root = Element::new("return");
        root.attributes.push(("version".to_owned(), interface.version().to_owned()));
        root = root.and("msg_code", self.code.0.to_string()).and("msg", self.message.as_str());
        root.children.extend(self.content.as_deref().cloned());
        root.to_xml()
    }
}

impl From<MsgCode> for Reply {
    fn from(code: MsgCode) -> Self {
        Self::plain(code)
    }
}

/// Why a call has no result document, or one that only carries a code.
enum Refusal {
    Code(Reply),
    Soap(SoapError),
}

impl From<MsgCode> for Refusal {
    fn from(code: MsgCode) -> Self {
        Self::Code(Reply::plain(code))
    }
}

impl From<SoapError> for Refusal {
    fn from(error: SoapError) -> Self {
        Self::Soap(error)
    }
}

impl Bureau {
    pub(crate) fn new(
        config: &Config,
        clock: Arc<Clock>,
        phones: Arc<PhoneNetwork>,
        timers: Arc<Timers>,
    ) -> Result<Self, SandboxError> {
        let mut accounts = Vec::new();
        let mut account_by_isp_id = HashMap::new();
        for spec in &config.accounts {
            let index = accounts.len();
            if account_by_isp_id.insert(spec.isp_id, index).is_some() {
                return Err(SandboxError::DuplicateAccount(spec.isp_id.to_string()));
            }
            accounts.push(Account {
                spec: spec.clone(),
                uploads: tokio::sync::Mutex::new(UploadLedger::new(config.quiet)),
                unchecked_files: AtomicUsize::new(0),
                waiting: Mutex::default(),
                desk: tokio::sync::Mutex::default(),
            });
        }
        let sms_window = TimeDelta::hours(i64::from(config.sms_window_hours));
        Ok(Self {
            accounts,
            account_by_isp_id,
            registry: Mutex::new(Registry::new(sms_window, config.seed)),
            settings: Mutex::default(),
            faults: Mutex::default(),
            delays: Delays {
                check_ms: config.bureau_check_ms,
                review_ms: config.bureau_review_ms,
                sms_answer_ms: config.sms_answer_ms,
            },
            attachment_max_bytes: config.attachment_max_bytes,
            clock,
            phones,
            timers,
        })
    }

    /// Answers one SOAP call, faults included.
    pub(crate) async fn call(&self, call: SoapCall) -> Result<CallOutcome, SoapError> {
        let interface = self.interface_of(&call);
        let fault = hold(&self.faults).take(&call.operation);
        let kind = fault.as_ref().map(|fault| fault.kind);
        match fault {
            Some(Fault { kind: FaultKind::MsgCode, code, .. }) => {
                let reply = Reply::plain(MsgCode(code.unwrap_or(MsgCode::OTHER.0)));
                return Ok(CallOutcome::Answer(reply.to_xml(interface)));
            }
            Some(Fault { kind: FaultKind::Delay, delay_ms, .. }) => {
                tokio::time::sleep(Duration::from_millis(delay_ms.unwrap_or(0))).await
            }
            _ => {}
        }
        let reply = match self.dispatch(call).await {
            Ok(reply) | Err(Refusal::Code(reply)) => reply,
            Err(Refusal::Soap(error)) => return Err(error),
        };
        if kind == Some(FaultKind::DropResponse) {
            return Ok(CallOutcome::Dropped);
        }
        Ok(CallOutcome::Answer(reply.to_xml(interface)))
    }

    async fn dispatch(&self, call: SoapCall) -> Result<Reply, Refusal> {
        let (index, account) = self.authenticate(&call)?;
        match call.operation.as_str() {
            "isp_upload" => self.upload(index, account, call).await,
            "isp_download" => self.download(account, &call).await,
            "isp_downloadack" => self.acknowledge(account, &call).await,
            "isp_querypreviousupload" => self.previous_upload(account, &call).await,
            "isp_querybeianstatus" => self.status(account, &call),
            _ => Err(SoapError::Operation(call.operation).into()),
        }
    }

    /// The version that the caller speaks; unknown callers are answered in the older one.
    fn interface_of(&self, call: &SoapCall) -> Interface {
        let isp_id = call.number("ispId").ok().and_then(|id| u64::try_from(id).ok());
        let account = isp_id.and_then(|id| self.accounts.get(*self.account_by_isp_id.get(&id)?));
        account.map(|account| account.spec.interface).unwrap_or_default()
    }

    /// Account, user name, password, length of the random text, in this order.
    fn authenticate(&self, call: &SoapCall) -> Result<(usize, &Account), Refusal> {
        let isp_id = u64::try_from(call.number("ispId")?).unwrap_or(0);
        let index = self.account_by_isp_id.get(&isp_id).copied();
        let found = index.and_then(|index| Some((index, self.accounts.get(index)?)));
        let (index, account) = found.ok_or(MsgCode::AUTHENTICATION)?;
        if call.text("userName") != account.spec.user_name {
            return Err(MsgCode::USER_NAME.into());
        }
        let random = call.text("randVal");
        if call.text("pwdHash") != codec::password_hash(account.spec.interface, &account.spec.password, random) {
            return Err(MsgCode::PASSWORD.into());
        }
        if random.chars().count() < RANDOM_MIN_CHARACTERS {
            return Err(MsgCode::RANDOM_TOO_SHORT.into());
        }
        let province_code = province::by_letters(&account.spec.province).map(|it| it.code);
        if province_code.map(u64::from) != Some(isp_id / 1_000_000) {
            return Err(MsgCode::OTHER_PROVINCE.into());
        }
        Ok((index, account))
    }

    async fn download(&self, account: &Account, call: &SoapCall) -> Result<Reply, Refusal> {
        expect_md5(call)?;
        if hold(&self.settings).download_maintenance {
            return Err(MsgCode::DOWNLOAD_MAINTENANCE.into());
        }
        let mut desk = account.desk.lock().await;
        let file = match desk.unacknowledged() {
            Some(file) => file,
            None => {
                let answers = downloads::take_for_one_file(&mut hold(&account.waiting));
                if answers.is_empty() {
                    return Err(MsgCode::NOTHING_TO_DOWNLOAD.into());
                }
                let made = desk.make(&account.spec, &answers, self.clock.now_in_beijing());
                made.map_err(|error| {
                    tracing::error!(%error, "a download file was not packed");
                    MsgCode::OTHER
                })?
            }
        };
        let code = if hold(&account.waiting).is_empty() { MsgCode::SUCCESS } else { MsgCode::MORE_TO_DOWNLOAD };
        Ok(Reply::with(code, file_infos(file)))
    }

    async fn acknowledge(&self, account: &Account, call: &SoapCall) -> Result<Reply, Refusal> {
        expect_md5(call)?;
        if hold(&self.settings).download_maintenance {
            return Err(MsgCode::DOWNLOAD_MAINTENANCE.into());
        }
        let name = call.text("fileName");
        if name.is_empty() {
            return Err(MsgCode::EMPTY_FILE_NAME.into());
        }
        let mut desk = account.desk.lock().await;
        if desk.acknowledge(name) == Acknowledged::Unknown {
            let mut reply = Reply::plain(MsgCode::OTHER);
            reply.message = format!("没有下发过文件{name}");
            return Ok(reply);
        }
        let more = desk.unacknowledged().is_some() || !hold(&account.waiting).is_empty();
        Ok(Reply::plain(if more { MsgCode::MORE_TO_DOWNLOAD } else { MsgCode::ALL_DOWNLOADED }))
    }

    pub(crate) fn take_step(&self, step: Step) {
        match step {
            Step::Check { account, filings } => {
                if let Some(account) = self.accounts.get(account) {
                    account.unchecked_files.fetch_sub(1, Ordering::AcqRel);
                }
                for id in filings {
                    let effects = hold(&self.registry).check(id, self.clock.now());
                    self.carry_out(effects);
                }
            }
            Step::Review { filing } => {
                let effects = hold(&self.registry).review(filing, self.clock.now());
                self.carry_out(effects);
            }
            Step::PersonAnswers { mobile, code, id_tail } => {
                self.confirm_sms(&mobile, &code, &id_tail);
            }
        }
    }

    fn carry_out(&self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Schedule(step) => {
                    let delay_ms = match &step {
                        Step::Check { .. } => self.delays.check_ms,
                        Step::Review { .. } => self.delays.review_ms,
                        Step::PersonAnswers { .. } => self.delays.sms_answer_ms,
                    };
                    self.timers.after_ms(delay_ms, step);
                }
                Effect::SendSms { receiver, code } => {
                    let text = format!(
                        "【工业和信息化部】您的ICP备案短信核验验证码为{code}，请在24小时内登录beian.miit.gov.cn完成核验。"
                    );
                    let now = self.clock.now();
                    self.phones.deliver_from_ministry(&receiver.mobile, text, now);
                    if self.phones.answers(&receiver.mobile) {
                        self.person_answers(receiver.mobile, code, receiver.id_tail);
                    }
                    self.timers.look_again();
                }
                Effect::Reply { account, answers } => self.put_into_downloads(account, answers),
                Effect::Notify { isp_id, answers } => {
                    if let Some(account) = self.account_by_isp_id.get(&isp_id) {
                        self.put_into_downloads(*account, answers);
                    }
                }
            }
        }
    }

    fn put_into_downloads(&self, account: usize, answers: Vec<Answer>) {
        if let Some(account) = self.accounts.get(account) {
            hold(&account.waiting).push_back(answers);
        }
    }

    /// Puts a record there that was filed earlier, at this or another provider; its numbers, or what is wrong.
    pub(crate) fn seed(&self, record: &seed::Record) -> Result<Vec<String>, Vec<Finding>> {
        let applied = hold(&self.registry).seed(&record.to_request(), self.clock.now())?;
        Ok(applied.numbers)
    }

    /// The filed data of the organiser with this number, as XML.
    pub(crate) fn filed_data(&self, number: &str) -> Option<String> {
        hold(&self.registry).filed_data(number).map(|record| record.to_xml())
    }

    /// Puts names on record right, and sends the whole record to the provider that filed it.
    pub(crate) fn correct(&self, number: &str, correction: &Correction) -> Result<u64, String> {
        let (isp_id, record) = hold(&self.registry).correct(number, correction)?;
        let account = self.account_by_isp_id.get(&isp_id);
        let account = account.ok_or_else(|| format!("provider {isp_id}, which filed it, has no account here"))?;
        let record = match correction.sent_as {
            SentAs::Resent => records::resent(&record),
            SentAs::Filed => records::filed(&record),
        };
        self.put_into_downloads(*account, vec![record]);
        Ok(isp_id)
    }

    fn person_answers(&self, mobile: String, code: String, id_tail: String) {
        let step = Step::PersonAnswers { mobile, code, id_tail };
        self.timers.after_ms(self.delays.sms_answer_ms, step);
    }

    /// A person who begins to answer also answers what already waits.
    pub(crate) fn answer_waiting_sms(&self, mobile: &str) {
        let waiting = hold(&self.registry).waiting_codes(mobile);
        for (code, id_tail) in waiting {
            self.person_answers(mobile.to_owned(), code, id_tail);
        }
    }

    /// An entry on the ministry's page.
    pub(crate) fn confirm_sms(&self, mobile: &str, code: &str, id_tail: &str) -> PageResult {
        self.close_expired_sms_windows();
        let texts = self.sms_texts();
        let now = self.clock.now();
        let (result, effects) = hold(&self.registry).confirm(mobile, code, id_tail, &texts, now);
        self.carry_out(effects);
        result
    }

    pub(crate) fn close_expired_sms_windows(&self) {
        let texts = self.sms_texts();
        let effects = hold(&self.registry).expire(&texts, self.clock.now());
        self.carry_out(effects);
    }

    pub(crate) fn time_until_next_sms_deadline(&self) -> Option<Duration> {
        let deadline = hold(&self.registry).next_deadline()?;
        let remaining = deadline - self.clock.now();
        Some(remaining.to_std().unwrap_or(Duration::ZERO))
    }

    fn sms_texts(&self) -> SmsTexts {
        hold(&self.settings).sms_texts.clone()
    }

    pub(crate) fn script_rejection(&self, domain: &str, rejection: ScriptedRejection) {
        hold(&self.registry).script_rejection(domain, rejection);
    }

    pub(crate) fn add_fault(&self, fault: Fault) {
        hold(&self.faults).add(fault);
    }

    pub(crate) fn clear_faults(&self) {
        hold(&self.faults).clear();
    }

    pub(crate) fn settings(&self) -> Settings {
        hold(&self.settings).clone()
    }

    pub(crate) fn change_settings(&self, change: SettingsChange) -> Settings {
        let mut settings = hold(&self.settings);
        settings.apply(change);
        settings.clone()
    }

    pub(crate) fn newest_filings(&self, limit: usize) -> (usize, Vec<Filing>) {
        let registry = hold(&self.registry);
        (registry.len(), registry.newest(limit))
    }

    pub(crate) fn filings_with_domain(&self, domain: &str) -> Vec<Filing> {
        hold(&self.registry).with_domain(domain)
    }

    /// The accepted files of each account, oldest first.
    pub(crate) async fn uploads(&self) -> Vec<AccountUploads> {
        let mut all = Vec::new();
        for account in &self.accounts {
            let ledger = account.uploads.lock().await;
            all.push(AccountUploads {
                isp_id: account.spec.isp_id,
                province: account.spec.province.clone(),
                last_sequence: ledger.last_sequence(),
                uploads: ledger.entries().cloned().collect(),
            });
        }
        all
    }
}

/// The accepted files of one account.
#[derive(Debug, Serialize)]
pub(crate) struct AccountUploads {
    isp_id: u64,
    province: String,
    last_sequence: u32,
    uploads: Vec<UploadEntry>,
}

fn expect_md5(call: &SoapCall) -> Result<(), Refusal> {
    match call.number("hashAlgorithm")? {
        0 => Ok(()),
        _ => Err(MsgCode::HASH_ALGORITHM.into()),
    }
}

fn file_infos(file: &DownloadFile) -> Element {
    Element::new("fileInfos")
        .and("hashAlgorithm", "0")
        .and("compressionFormat", "0")
        .and("encryptAlgorithm", "1")
        .and("return_FileName", file.name.as_str())
        .and("beianInfo", file.content.as_str())
        .and("beianInfoHash", file.hash.as_str())
}
