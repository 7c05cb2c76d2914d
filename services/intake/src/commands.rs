//! What people's requests do to an order: decide, store, and send on, in one transaction each.

use icp_bus::Effects;
use icp_domain::{Filing, MaterialKind};
use icp_kit::DataKey;
use icp_kit::materials::StoredMaterial;
use icp_proto::common;
use prost::Message as _;
use uuid::Uuid;

use crate::api::Api;
use crate::api::auth::Caller;
use crate::api::problem::{Kind, Problem};
use crate::content;
use crate::order::{Command, Event, Order, RulesVerdict, decide, evolve};
use crate::reactions::{Attachments, react};
use crate::rules::{self, Facts};
use crate::store::{Change, Content, MaterialRow, StoredOrder};
use crate::writes::{OrderWrite, OrderWritten};

/// What a command writes besides the new state.
#[derive(Debug, Default)]
pub struct Extra {
    attachments: Attachments,
    sealed: Option<(Vec<u8>, Vec<u8>)>,
    content: bool,
    material: Option<MaterialRow>,
}

impl Api {
    /// Stores a new draft.
    pub async fn create(&self, caller: &Caller, filing: &Filing) -> Result<StoredOrder, Problem> {
        let id = Uuid::now_v7();
        let data_key = DataKey::generate();
        let now = self.clock.now();
        let order = evolve(Order::default(), &Event::Created);
        let mut stored = StoredOrder {
            id,
            account: caller.account.clone(),
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
        react(&mut effects, &stored, &[Event::Created], now, Attachments::default());
        let order_type = filing.order_type.as_str();
        self.writes.write(OrderWrite::Create { draft: Box::new(stored.clone()), order_type, effects }).await?;
        Ok(stored)
    }

    /// Replaces the content.
    pub async fn amend(
        &self,
        caller: &Caller,
        mut stored: StoredOrder,
        filing: &Filing,
    ) -> Result<StoredOrder, Problem> {
        let data_key = self.data_key(&stored)?;
        self.fill(&mut stored, &data_key, filing)?;
        self.apply(caller, stored, Command::Amend, Extra { content: true, ..Extra::default() }).await
    }

    /// Adds or replaces a material whose encrypted bytes are already in the object store.
    #[allow(clippy::too_many_arguments)]
    pub async fn add_material(
        &self,
        caller: &Caller,
        stored: StoredOrder,
        kind: MaterialKind,
        service_index: i32,
        media_type: &str,
        clear: &[u8],
        material: StoredMaterial,
    ) -> Result<StoredOrder, Problem> {
        let object_key = self.data_key(&stored)?.encrypt(material.object.as_bytes(), material.key.expose())?;
        let row = MaterialRow {
            kind: kind.as_str().to_owned(),
            service_index,
            object: material.object,
            object_key,
            sha256: material.sha256.to_vec(),
            media_type: media_type.to_owned(),
            size_bytes: i32::try_from(clear.len()).unwrap_or(i32::MAX),
        };
        self.apply(caller, stored, Command::Amend, Extra { material: Some(row), ..Extra::default() }).await
    }

    /// Hands the order in: the rules judge, and the checks begin unless they block.
    pub async fn submit(&self, caller: &Caller, mut stored: StoredOrder) -> Result<StoredOrder, Problem> {
        let filing = self.filing(&stored)?;
        let rows = self.reads.materials(stored.id).await?;
        let verdict = self.judge(&stored, &filing, &rows).await?;
        let keyring = &self.bus.context().keyring;
        let context = stored.id.to_string();
        let contact = keyring.seal("notify", &context, &content::contact(&filing))?.encode_to_vec();
        let persons = keyring.seal("sms", &context, &content::sms_persons(&filing))?.encode_to_vec();
        let mut attachments = Attachments::default();
        if !verdict.blocks() {
            let materials = self.open_materials(&stored, &rows)?;
            let subject = content::identity_subject(&filing, materials);
            attachments.identity = Some(keyring.seal("identity", &context, &subject)?);
            attachments.authority = Some(keyring.seal("authority", &context, &content::lookup_subject(&filing))?);
        }
        stored.contact_sealed = Some(contact.clone());
        stored.persons_sealed = Some(persons.clone());
        let extra = Extra { attachments, sealed: Some((contact, persons)), ..Extra::default() };
        self.apply(caller, stored, Command::Submit(verdict), extra).await
    }

    /// The reviewer passes the order: the rules judge once more, and the relay gets it.
    pub async fn pass(&self, caller: &Caller, stored: StoredOrder) -> Result<StoredOrder, Problem> {
        let filing = self.filing(&stored)?;
        let rows = self.reads.materials(stored.id).await?;
        let verdict = self.judge(&stored, &filing, &rows).await?;
        let relay_filing = content::relay_filing(&filing, self.open_materials(&stored, &rows)?);
        let relay = self.bus.context().keyring.seal("relay", &stored.id.to_string(), &relay_filing)?;
        let attachments = Attachments { relay: Some(relay), ..Attachments::default() };
        self.apply(caller, stored, Command::Pass(verdict), Extra { attachments, ..Extra::default() }).await
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
        let events = decide(&stored.order, command)?;
        let from_version = stored.order.version;
        stored.order = events.iter().fold(stored.order, evolve);
        stored.updated_at = now;
        let content = extra.content.then(|| Content {
            cipher: stored.content.clone(),
            province: stored.province.clone(),
            domains: stored.domains.clone(),
            organiser_index: stored.organiser_index.clone(),
        });
        let mut effects = Effects::new();
        react(&mut effects, &stored, &events, now, extra.attachments);
        let change = Change {
            id: stored.id,
            from_version,
            after: stored.order.clone(),
            at: now,
            actor: caller.name.clone(),
            events,
            content,
            sealed: extra.sealed,
        };
        let write = OrderWrite::Change { change: Box::new(change), material: extra.material, effects };
        match self.writes.write(write).await? {
            OrderWritten::Stale { current } => Err(Problem::stale(current)),
            OrderWritten::Stored { replaced } => {
                if let Some(object) = replaced
                    && let Err(error) = self.materials.delete(&object).await
                {
                    tracing::warn!(%error, "a replaced material is left in the object store");
                }
                Ok(stored)
            }
        }
    }

    /// The province's verdict on an order as it stands.
    pub async fn judge(
        &self,
        stored: &StoredOrder,
        filing: &Filing,
        materials: &[MaterialRow],
    ) -> Result<RulesVerdict, Problem> {
        let other_orders_in_flight = self.reads.count_in_flight(&stored.organiser_index, stored.id).await?;
        let facts = Facts { order_id: stored.id, materials, other_orders_in_flight, now: self.clock.now() };
        let mut verdict = rules::judge(&self.rules, filing, &facts);
        verdict.findings.extend(self.resources.findings(&stored.account, filing, facts.now).await);
        Ok(verdict)
    }

    /// The declared content.
    pub fn filing(&self, stored: &StoredOrder) -> Result<Filing, Problem> {
        let clear = self.data_key(stored)?.decrypt(stored.id.as_bytes(), &stored.content)?;
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
        let number = filing.organiser.certificate.number.trim().to_uppercase();
        stored.organiser_index = self.vault.blind_index("organiser-certificate", &number);
        Ok(())
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
