//! What people's requests do to an order: decide, store, and send on, in one transaction each.

use chrono::Days;
use icp_bus::Effects;
use icp_domain::Filing;
use icp_kit::DataKey;
use icp_proto::common;
use icp_rules_sdk::{Context, SmsReceiver};
use prost::Message as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::Api;
use crate::api::auth::Caller;
use crate::api::problem::{FieldError, Kind, Problem};
use crate::approval::CarriedOut;
use crate::archive::lookup::OrganiserFound;
use crate::archive::record_found::{OpenRecord, RecordFound};
use crate::audit;
use crate::check::Examination;
use crate::check::conflicts::{InFlight, OnRecord, conflicts};
use crate::desk::words::{self, Words};
use crate::materials::quality;
use crate::materials::store::{MaterialRow, PutMaterial};
use crate::order::{Command, Event, Order, Phase, Registers, Rejection, RulesVerdict, Submission, decide, evolve};
use crate::reactions::{Attachments, Holder, react};
use crate::rules::{self, Facts};
use crate::store::{self, Change, Content, Creator, StoredOrder};
use crate::writes::{OrderWrite, OrderWritten};
use crate::{amendment, archive, content, determination, entitlements};

/// Whose filing is examined.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The order; nil where none is stored.
    pub id: Uuid,
    /// The account that orders.
    pub account: &'a str,
    /// What was uploaded; absent where nothing is stored.
    pub materials: Option<&'a [MaterialRow]>,
    /// What the registers told of the last submission; absent where nothing is stored.
    pub registers: Option<&'a Registers>,
}

impl<'a> Subject<'a> {
    /// A stored order.
    pub fn of(stored: &'a StoredOrder, materials: &'a [MaterialRow]) -> Self {
        // What the registers told before the applicant could amend is not about what stands there now.
        let registers = (!stored.order.phase.is_open()).then_some(&stored.order.registers);
        Self { id: stored.id, account: &stored.account, materials: Some(materials), registers }
    }
}

/// What is known of a filing before it is judged.
#[derive(Debug)]
pub struct Background {
    /// What is on record here.
    pub on_record: OnRecord,
    /// The organiser's record, decrypted; only where the account that orders holds it: what others have on record is
    /// none of its business, and findings would tell.
    pub own_record: Option<OpenRecord>,
    /// Other orders that stand in the way.
    pub in_flight: InFlight,
}

/// What a command writes besides the new state.
#[derive(Debug, Default)]
pub struct Extra {
    attachments: Attachments,
    sealed: Option<(Vec<u8>, Vec<u8>)>,
    /// Services of the new content, where it changes.
    content: Option<usize>,
    material: Option<Box<PutMaterial>>,
    /// Indexes of the services that need a valid entitlement for it.
    entitled: Vec<i32>,
}

impl Extra {
    /// A material.
    pub fn of_material(material: PutMaterial) -> Self {
        Self { material: Some(Box::new(material)), ..Self::default() }
    }
}

impl Api {
    /// Stores a new draft.
    pub async fn create(
        &self,
        caller: &Caller,
        filing: &Filing,
        determination: Option<Uuid>,
    ) -> Result<StoredOrder, Problem> {
        let (stored, effects) = self.new_draft(&caller.account, filing, determination)?;
        let by = Creator { actor: caller.name.clone(), role: caller.role.as_str() };
        let draft = Box::new(stored.clone());
        match self.writes.write(OrderWrite::Create { draft, by, effects, request: caller.request }).await? {
            OrderWritten::Stored => Ok(stored),
            OrderWritten::Stale { current } => Err(Problem::stale(current)),
            OrderWritten::Overtaken => Err(Problem::overtaken()),
            OrderWritten::Unentitled { services } => Err(Problem::refused(entitlements::missing(stored.id, &services))),
        }
    }

    /// A new draft of an account, and what follows from it; nothing is stored.
    pub fn new_draft(
        &self,
        account: &str,
        filing: &Filing,
        determination: Option<Uuid>,
    ) -> Result<(StoredOrder, Effects), Problem> {
        let id = Uuid::now_v7();
        let data_key = DataKey::generate();
        let now = self.clock.now();
        let created = Event::Created { order_type: filing.order_type, determination };
        let order = evolve(Order::default(), &created);
        let mut stored = StoredOrder {
            id,
            account: account.to_owned(),
            province: String::new(),
            order,
            domains: Vec::new(),
            organiser_index: Vec::new(),
            content: Vec::new(),
            data_key: self.vault.wrap(&data_key, id.as_bytes())?,
            contact_sealed: None,
            persons_sealed: None,
            created_at: now,
            updated_at: now,
        };
        self.fill(&mut stored, &data_key, filing)?;
        let mut effects = Effects::new();
        effects.send(self.idle.first_timer(id, now));
        react(&mut effects, &stored, &[created], now, Attachments::default());
        Ok((stored, effects))
    }

    /// Replaces the content.
    pub async fn amend(
        &self,
        caller: &Caller,
        mut stored: StoredOrder,
        filing: &Filing,
    ) -> Result<StoredOrder, Problem> {
        if filing.order_type != stored.order.order_type {
            return Err(Problem::fields(vec![FieldError::new(
                "order_type",
                format!("the order is one of type {}, which does not change", stored.order.order_type.as_str()),
                "withdraw the order and begin anew",
            )]));
        }
        if let Some(errors) = self.frozen(&stored, filing)? {
            return Err(Problem::fields(errors));
        }
        let data_key = self.data_key(&stored)?;
        self.fill(&mut stored, &data_key, filing)?;
        let extra = Extra { content: Some(filing.services.len()), ..Extra::default() };
        self.apply(caller, stored, Command::Amend, extra).await
    }

    /// Hands the order in: the rules judge, and the checks begin unless they block. What cannot be judged as it is, is
    /// refused with everything that is found.
    pub async fn submit(&self, caller: &Caller, mut stored: StoredOrder) -> Result<StoredOrder, Problem> {
        let filing = self.filing(&stored)?;
        let rows = self.reads.materials(stored.id).await?;
        let subject = Subject::of(&stored, &rows);
        let background = self.background(&subject, &filing).await?;
        let examination = self.examine_with(&subject, &filing, &background).await?;
        let is_fit = examination.is_fit();
        let verdict = examination.into_verdict();
        if !is_fit && stored.order.phase.is_open() {
            return Err(Problem::refused(verdict.findings));
        }
        let keyring = &self.bus.context().keyring;
        let context = stored.id.to_string();
        let contact = keyring.seal("notify", &context, &content::messages::contact(&filing))?.encode_to_vec();
        let sms_persons = content::messages::sms_persons(&filing, self.sms_receivers(&filing, &background).as_deref());
        let persons = keyring.seal("sms", &context, &sms_persons)?.encode_to_vec();
        let mut attachments = Attachments::default();
        if !verdict.blocks() {
            let row = filing.order_type.description();
            if row.verifies_identity() {
                let materials = self.open_materials(&stored, &rows)?;
                let subject = content::messages::identity_subject(&filing, materials);
                attachments.identity = Some(keyring.seal("identity", &context, &subject)?);
            }
            if row.asks_registers() {
                let subject = content::messages::lookup_subject(&filing);
                attachments.authority = Some(keyring.seal("authority", &context, &subject)?);
            }
            if row.needs_consent() {
                attachments.holder = self.holder(&context, &background)?;
            }
        }
        stored.contact_sealed = Some(contact.clone());
        stored.persons_sealed = Some(persons.clone());
        let entitled = self.entitled(&filing);
        let extra = Extra { attachments, sealed: Some((contact, persons)), entitled, ..Extra::default() };
        let submission = Submission {
            verdict,
            asks_sms: !sms_persons.persons.is_empty(),
            organiser_number: content::organiser_number(&filing),
            service_numbers: content::service_numbers(&filing),
        };
        self.apply(caller, stored, Command::Submit(submission), extra).await
    }

    /// Who is asked for consent, where the record says whom.
    fn holder(&self, context: &str, background: &Background) -> Result<Option<Holder>, Problem> {
        let Some(found) = &background.on_record.by_number else { return Ok(None) };
        let Some(record) = found.organiser.open(&self.vault)? else { return Ok(None) };
        let contact =
            self.bus.context().keyring.seal("notify", context, &content::messages::holder_contact(&record))?;
        let answers_until = self.clock.now() + Days::new(self.idle.expiry_days.into());
        Ok(Some(Holder { contact, answers_until }))
    }

    /// The reviewer passes the order: the rules judge once more, and the relay gets it.
    pub async fn pass(&self, caller: &Caller, stored: StoredOrder) -> Result<StoredOrder, Problem> {
        let filing = self.filing(&stored)?;
        let rows = self.reads.materials(stored.id).await?;
        let verdict = self.judge(&stored, &filing, &rows).await?;
        self.pass_judged(caller, stored, &filing, &rows, verdict).await
    }

    /// Passes an order that the rules have just judged; where two reviewers must, this may be the first.
    pub async fn pass_judged(
        &self,
        caller: &Caller,
        stored: StoredOrder,
        filing: &Filing,
        materials: &[MaterialRow],
        verdict: RulesVerdict,
    ) -> Result<StoredOrder, Problem> {
        let command = self.config.review.second_opinion.pass(&stored.order, verdict, &caller.name)?;
        let attachments = self.for_relay(caller, &stored, filing, materials, &command).await?;
        let entitled = self.entitled(filing);
        self.apply(caller, stored, command, Extra { attachments, entitled, ..Extra::default() }).await
    }

    /// The provider hands in again what nobody confirmed by SMS: the rules judge once more, and the relay gets it.
    pub async fn resubmit(&self, caller: &Caller, stored: StoredOrder) -> Result<StoredOrder, Problem> {
        let filing = self.filing(&stored)?;
        let rows = self.reads.materials(stored.id).await?;
        // The content is the one that the registers told about.
        let subject = Subject { registers: Some(&stored.order.registers), ..Subject::of(&stored, &rows) };
        let verdict = self.examine(&subject, &filing).await?.into_verdict();
        let command = Command::Resubmit(verdict);
        let attachments = self.for_relay(caller, &stored, &filing, &rows, &command).await?;
        let entitled = self.entitled(&filing);
        let extra = Extra { attachments, entitled, ..Extra::default() };
        self.apply(caller, stored, command, extra).await
    }

    /// What the relay carries to the bureau, where the command hands in something for it.
    async fn for_relay(
        &self,
        caller: &Caller,
        stored: &StoredOrder,
        filing: &Filing,
        materials: &[MaterialRow],
        command: &Command,
    ) -> Result<Attachments, Problem> {
        let events = decide(&stored.order, command.clone())?;
        if filing.order_type.description().bureau.is_none() || !events.contains(&Event::Passed) {
            return Ok(Attachments::default());
        }
        let context = self.bus.context();
        let reported = archive::carried::with_services(&context.pool, &self.vault, filing).await?;
        let materials = self.open_materials(stored, materials)?;
        let slips = self.slips(caller, stored, filing, &events).await?;
        let relay_filing = content::messages::relay_filing(&reported, materials, slips);
        let relay = context.keyring.seal("relay", &stored.id.to_string(), &relay_filing)?;
        // What the broker refuses would hold up everything behind it.
        let (bytes, most) = (relay.encoded_len(), context.message_bytes_max());
        if bytes > most {
            let reason = format!("are too much for one submission: {bytes} bytes, at most {most}");
            let remedy = "return the order, to be filed in two with fewer services each; or have the operator raise \
                          `max_payload` of NATS";
            return Err(Problem::field("services", &reason, remedy));
        }
        Ok(Attachments { relay: Some(relay), ..Attachments::default() })
    }

    /// Returns an order in these own words, one entry per finding: encrypted for those who read the order, sealed for
    /// the applicant's notice.
    pub async fn return_in_words(
        &self,
        caller: &Caller,
        stored: StoredOrder,
        command: Command,
        own: &[Words],
    ) -> Result<StoredOrder, Problem> {
        let locked = words::lock(&self.data_key(&stored)?, stored.id, own)?;
        let command = match locked {
            Some(words) => Command::InWords { words, command: Box::new(command) },
            None => command,
        };
        let words = words::for_notice(&self.bus.context().keyring, stored.id, own)?;
        let attachments = Attachments { words, ..Attachments::default() };
        self.apply(caller, stored, command, Extra { attachments, ..Extra::default() }).await
    }

    /// Records that somebody other than its applicant saw personal data of an order, before it is shown.
    pub async fn seen(&self, caller: &Caller, stored: &StoredOrder, action: &str, what: Value) -> Result<(), Problem> {
        self.seen_of(caller, format!("order {}", stored.id), action, what).await
    }

    /// The same of a record.
    pub async fn record_seen(&self, caller: &Caller, number: &str) -> Result<(), Problem> {
        self.seen_of(caller, format!("record {number}"), "record.viewed", json!({})).await
    }

    async fn seen_of(&self, caller: &Caller, object: String, action: &str, detail: Value) -> Result<(), Problem> {
        if !caller.is_watched() {
            return Ok(());
        }
        Ok(self.audit.record(audit::Entry::of(caller, self.clock.now(), action, object, &detail)).await?)
    }

    /// The order with the own words of whoever returned it, for those who may read its content.
    pub fn with_words(&self, mut stored: StoredOrder) -> Result<StoredOrder, Problem> {
        if let Some(locked) = &stored.order.words {
            let key = self.data_key(&stored)?;
            words::unlock(&key, stored.id, locked, &mut stored.order.findings)?;
        }
        Ok(stored)
    }

    /// Decides and stores, unless somebody else was faster.
    pub async fn apply(
        &self,
        caller: &Caller,
        mut stored: StoredOrder,
        command: Command,
        extra: Extra,
    ) -> Result<StoredOrder, Problem> {
        let now = self.clock.now();
        let before = stored.order.phase;
        let events = decide(&stored.order, command)?;
        let from_version = stored.order.version;
        stored.order = events.iter().fold(stored.order, evolve);
        stored.updated_at = now;
        let content = extra.content.map(|services| Content {
            cipher: stored.content.clone(),
            province: stored.province.clone(),
            domains: stored.domains.clone(),
            organiser_index: stored.organiser_index.clone(),
            services: i32::try_from(services).unwrap_or(i32::MAX),
        });
        let mut effects = Effects::new();
        let footer_numbers = self.footers.numbers(&stored.province, &events);
        react(&mut effects, &stored, &events, now, Attachments { footer_numbers, ..extra.attachments });
        if matches!(events.last(), Some(Event::Returned { .. })) {
            effects.send(self.idle.first_timer(stored.id, now));
        }
        let change = Change {
            id: stored.id,
            from_version,
            after: stored.order.clone(),
            at: now,
            actor: caller.name.clone(),
            carried_out: CarriedOut::of(&stored, &events, now),
            role: caller.role.as_str(),
            events,
            content,
            sealed: extra.sealed,
        };
        let (change, request) = (Box::new(change), caller.request);
        let Extra { material, entitled, .. } = extra;
        match self.writes.write(OrderWrite::Change { change, material, entitled, effects, request }).await? {
            OrderWritten::Stored => Ok(stored),
            OrderWritten::Stale { current } => Err(Problem::stale(current)),
            OrderWritten::Overtaken => Err(Problem::overtaken()),
            OrderWritten::Unentitled { services } => {
                let missing = entitlements::missing(stored.id, &services);
                // As where the reviewer's examination finds it: the order is to be returned.
                let is_reviewed = before == Phase::ProviderReview;
                Err(if is_reviewed { Rejection::Blocked(missing).into() } else { Problem::refused(missing) })
            }
        }
    }

    /// The verdict on an order as it stands: everything that is found in it.
    pub async fn judge(
        &self,
        stored: &StoredOrder,
        filing: &Filing,
        materials: &[MaterialRow],
    ) -> Result<RulesVerdict, Problem> {
        Ok(self.examine(&Subject::of(stored, materials), filing).await?.into_verdict())
    }

    /// Everything that is found in a filing.
    pub async fn examine(&self, subject: &Subject<'_>, filing: &Filing) -> Result<Examination, Problem> {
        let background = self.background(subject, filing).await?;
        self.examine_with(subject, filing, &background).await
    }

    /// What is known of a filing besides itself.
    pub async fn background(&self, subject: &Subject<'_>, filing: &Filing) -> Result<Background, Problem> {
        let index = self.organiser_index(&filing.organiser.certificate.number);
        let domains = content::domains(filing);
        let by_number = async {
            match content::organiser_number(filing) {
                Some(number) => self.reads.organiser_by_number(number).await,
                None => Ok(None),
            }
        };
        let numbers = filing.services.iter().map(content::service_number).collect();
        let (orders, domains, by_number, by_certificate, by_domain, named) = tokio::try_join!(
            self.reads.count_in_flight(&index, subject.id),
            self.reads.domains_in_flight(&domains, &index),
            by_number,
            self.reads.organisers_by_certificate(&index),
            self.reads.services_by_domain(&domains),
            self.reads.services_by_number(numbers),
        )?;
        let on_record = OnRecord { by_number, by_certificate, by_domain, named, certificate_index: index };
        let in_flight = InFlight { orders, domains, of_record: self.is_record_in_flight(filing, &on_record).await? };
        let own = on_record.organiser().filter(|found| found.organiser.account.as_deref() == Some(subject.account));
        let own_record = own.map(|found| found.open(&self.vault)).transpose()?.flatten();
        Ok(Background { on_record, own_record, in_flight })
    }

    /// Whether the account that must let the record go has an order in flight about it.
    async fn is_record_in_flight(&self, filing: &Filing, on_record: &OnRecord) -> Result<bool, Problem> {
        match &on_record.by_number {
            Some(RecordFound { organiser: OrganiserFound { id, account: Some(holder), .. }, .. })
                if filing.order_type.description().needs_consent() =>
            {
                Ok(store::is_record_in_flight(&self.bus.context().pool, holder, *id).await?)
            }
            _ => Ok(false),
        }
    }

    /// The same with what is known already.
    pub async fn examine_with(
        &self,
        subject: &Subject<'_>,
        filing: &Filing,
        background: &Background,
    ) -> Result<Examination, Problem> {
        let facts = Facts {
            order_id: subject.id,
            materials: subject.materials,
            filed: background.on_record.by_number.as_ref().map(|found| (found.services.len(), found.domains())),
            record: background.own_record.as_ref(),
            other_orders_in_flight: background.in_flight.orders,
            registers: subject.registers,
            now: self.clock.now(),
        };
        let mut verdict = rules::judge(&self.rules, filing, &facts);
        verdict.findings.extend(self.resources.findings(subject.account, filing, facts.now).await);
        let materials = subject.materials.unwrap_or_default();
        verdict.findings.extend(quality::findings(&self.config.materials.quality, materials));
        verdict.findings.extend(conflicts(filing, subject.account, &background.on_record, &background.in_flight));
        // A filing that is not stored has neither entitlements nor materials yet.
        let mut unfit = quality::unscanned(materials);
        if subject.materials.is_some() {
            unfit.extend(self.unentitled(subject.id, filing).await?);
        }
        Ok(Examination::new(filing, unfit, verdict))
    }

    /// Whom the ministry asks by SMS, if the province's rules say.
    fn sms_receivers(&self, filing: &Filing, background: &Background) -> Option<Vec<SmsReceiver>> {
        let mut context = Context::on(rules::day_in_china(self.clock.now()));
        rules::hold_against(&mut context, filing, background.own_record.as_ref());
        let requirements = self.rules.requirements(filing.province, &filing.into(), &context).ok()?;
        Some(requirements.sms_receivers)
    }

    /// The declared content.
    pub fn filing(&self, stored: &StoredOrder) -> Result<Filing, Problem> {
        self.read_filing(stored, &stored.content)
    }

    /// A version of an order's content.
    pub fn read_filing(&self, stored: &StoredOrder, cipher: &[u8]) -> Result<Filing, Problem> {
        let clear = self.data_key(stored)?.decrypt(stored.id.as_bytes(), cipher)?;
        serde_json::from_slice(&clear).map_err(|error| {
            tracing::error!(%error, order.id = %stored.id, "the stored filing is not readable");
            Problem::new(Kind::Internal, "The stored order cannot be read; the operator has been told.")
        })
    }

    /// The key of an order's personal data.
    pub fn data_key(&self, stored: &StoredOrder) -> Result<DataKey, Problem> {
        Ok(self.vault.unwrap_key(&stored.data_key, stored.id.as_bytes())?)
    }

    fn fill(&self, stored: &mut StoredOrder, data_key: &DataKey, filing: &Filing) -> Result<(), Problem> {
        let clear = serde_json::to_vec(filing)
            .map_err(|error| Problem::new(Kind::Internal, format!("The order cannot be stored: {error}.")))?;
        stored.content = data_key.encrypt(stored.id.as_bytes(), &clear)?;
        stored.province = filing.province.letters().to_owned();
        stored.domains = content::domains(filing);
        stored.organiser_index = self.organiser_index(&filing.organiser.certificate.number);
        Ok(())
    }

    /// Fields that the amended filing changes and may not.
    fn frozen(&self, stored: &StoredOrder, filing: &Filing) -> Result<Option<Vec<FieldError>>, Problem> {
        let order = &stored.order;
        if order.determination.is_none() && order.open_fields().is_none() {
            return Ok(None);
        }
        let before = self.filing(stored)?;
        let mut errors = Vec::new();
        if order.determination.is_some() {
            errors.extend(determination::frozen(&before, filing));
        }
        if let Some(named) = order.open_fields() {
            let changed = amendment::differences(&before, filing)
                .map_err(|error| Problem::new(Kind::Internal, format!("The versions cannot be compared: {error}.")))?;
            errors.extend(amendment::beyond(named, &changed));
        }
        Ok((!errors.is_empty()).then_some(errors))
    }

    /// The keyed digest of an organiser's certificate number.
    pub fn organiser_index(&self, certificate_number: &str) -> Vec<u8> {
        self.vault.blind_index("organiser-certificate", &certificate_number.trim().to_uppercase())
    }

    fn open_materials(&self, stored: &StoredOrder, rows: &[MaterialRow]) -> Result<Vec<common::Material>, Problem> {
        let data_key = self.data_key(stored)?;
        rows.iter()
            .map(|row| {
                Ok(common::Material {
                    kind: row.kind.clone(),
                    service_index: u32::try_from(row.service_index).unwrap_or_default(),
                    object: row.object.clone(),
                    key: data_key.decrypt(row.object.as_bytes(), &row.object_key)?,
                    sha256: row.sha256.clone(),
                })
            })
            .collect()
    }
}
