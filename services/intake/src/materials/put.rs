//! How a file becomes a material of an order: one way for all that arrive, in one piece or in parts.

use bytes::Bytes;
use icp_domain::{Filing, MaterialKind};
use icp_kit::DataKey;
use serde_json::json;
use uuid::Uuid;

use super::format::Format;
use super::inspect::Inspected;
use super::path_of;
use super::scan::{Verdict, WhenUnreachable};
use super::store::{MaterialRow, PutMaterial, Scan};
use crate::amendment;
use crate::api::Api;
use crate::api::auth::Caller;
use crate::api::problem::{FieldError, Kind, Problem};
use crate::audit;
use crate::commands::{Extra, Subject};
use crate::order::{Command, MaterialChange, decide};
use crate::store::StoredOrder;

/// How often a material is decided anew when others change the order at the same time.
const ATTEMPTS: u32 = 5;
/// Longest name of a kind that only a rule module knows.
const KIND_CHARS_MAX: usize = 64;

/// A file that has arrived for a place in an order.
#[derive(Debug)]
pub struct Arrival {
    /// Kind of the material.
    pub kind: String,
    /// Service that it belongs to.
    pub service_index: i32,
    /// The media type that came with it.
    pub declared: Option<String>,
    /// The file as it was sent.
    pub bytes: Bytes,
    /// The upload that it came by.
    pub upload: Option<Uuid>,
}

impl Api {
    /// The kind of this name: one of [`MaterialKind`], or one that the province's rule module asks for.
    pub async fn material_kind(&self, stored: &StoredOrder, filing: &Filing, text: &str) -> Result<String, Problem> {
        if let Some(kind) = MaterialKind::parse(text) {
            return Ok(kind.as_str().to_owned());
        }
        let is_name = (1..=KIND_CHARS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if is_name && self.is_asked_for(stored, filing, text).await? {
            return Ok(text.to_owned());
        }
        let remedy = "use one of GET /v1/materials/kinds, or of the order's requirements";
        Err(Problem::field("kind", "is not a kind of material", remedy))
    }

    async fn is_asked_for(&self, stored: &StoredOrder, filing: &Filing, kind: &str) -> Result<bool, Problem> {
        let background = self.background(&Subject::of(stored, &[]), filing).await?;
        let Ok(answer) = self.required(stored, filing, &[], background.own_record.as_ref()) else { return Ok(false) };
        let mut documents = answer.documents.iter();
        Ok(documents.any(|document| document.kind == kind || document.also_accepted.iter().any(|also| also == kind)))
    }

    /// Refuses a material that the order does not take now: in another phase, or frozen by a return.
    pub fn check_open(&self, stored: &StoredOrder, kind: &str, service_index: i32) -> Result<(), Problem> {
        let change =
            MaterialChange { kind: kind.to_owned(), service: index(service_index), replaced: false, removed: false };
        decide(&stored.order, Command::PutMaterial(change))?;
        let Some(named) = stored.order.open_fields() else { return Ok(()) };
        if amendment::opens_material(named, kind, index(service_index)) {
            return Ok(());
        }
        let remedy = format!("leave it as it was; the return asks for {} only", named.join(", "));
        let reason = "is frozen until the order is submitted again";
        Err(Problem::fields(vec![FieldError::new(path_of(kind), reason, remedy)]))
    }

    /// Checks, scans and stores a file, and puts it in its place. When it is refused, nothing of it is kept.
    pub async fn put_material(
        &self,
        caller: &Caller,
        stored: StoredOrder,
        arrival: Arrival,
    ) -> Result<StoredOrder, Problem> {
        self.check_open(&stored, &arrival.kind, arrival.service_index)?;
        check_service(&self.filing(&stored)?, &arrival.kind, arrival.service_index)?;
        let declared = arrival.declared.as_deref();
        let inspected = self.inspector.inspect(&arrival.kind, declared, arrival.bytes.clone()).await?;
        let scan = self.scanned(caller, &stored, &arrival).await?;
        let id = Uuid::now_v7().simple();
        let object = format!("orders/{}/{}-{}-{id}", stored.id, arrival.kind, arrival.service_index);
        let material = self.materials.put(&object, &inspected.bytes).await?;
        let object_key = self.data_key(&stored)?.encrypt(object.as_bytes(), material.key.expose())?;
        let Inspected { format, bytes, facts } = inspected;
        let row = MaterialRow {
            kind: arrival.kind,
            service_index: arrival.service_index,
            object,
            object_key,
            sha256: material.sha256.to_vec(),
            media_type: Format::media_type(format).to_owned(),
            size_bytes: i32::try_from(bytes.len()).unwrap_or(i32::MAX),
            facts,
            scan,
            signature: None,
            uploaded_at: self.clock.now(),
        };
        let object = row.object.clone();
        let put = self.place(caller, stored, PutMaterial { row, upload: arrival.upload }).await;
        // After an unknown answer it may be named by the order: then it stays.
        let is_refused = put.as_ref().is_err_and(|problem| problem.is_stale() || !problem.is_transient());
        if is_refused && let Err(error) = self.materials.delete(&object).await {
            tracing::warn!(%error, "a refused material is left in the object store");
        }
        put
    }

    /// Decides and stores; when somebody else was faster, on the order as it is then: nothing was read that could be
    /// out of date.
    async fn place(&self, caller: &Caller, mut stored: StoredOrder, put: PutMaterial) -> Result<StoredOrder, Problem> {
        let id = stored.id;
        let (kind, service_index) = (put.row.kind.clone(), put.row.service_index);
        let mut attempts = 0;
        loop {
            attempts += 1;
            self.check_open(&stored, &kind, service_index)?;
            let rows = self.reads.materials(id).await?;
            // It was stored, and only the answer was lost.
            if rows.iter().any(|row| row.object == put.row.object) {
                return Ok(stored);
            }
            let replaced = rows.iter().any(|row| row.kind == kind && row.service_index == service_index);
            let change = MaterialChange { kind: kind.clone(), service: index(service_index), replaced, removed: false };
            match self.apply(caller, stored, Command::PutMaterial(change), Extra::of_material(put.clone())).await {
                Err(problem) if problem.is_stale() && attempts < ATTEMPTS => {
                    stored = self.reads.order(id).await?.ok_or_else(Problem::no_order)?;
                    check_service(&self.filing(&stored)?, &kind, service_index)?;
                }
                done => return done,
            }
        }
    }

    /// Takes a material back; it is kept as a replaced one until the order ends.
    pub async fn remove_material(
        &self,
        caller: &Caller,
        mut stored: StoredOrder,
        kind: &str,
        service_index: i32,
    ) -> Result<StoredOrder, Problem> {
        let id = stored.id;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let rows = self.reads.materials(id).await?;
            if !rows.iter().any(|row| row.kind == kind && row.service_index == service_index) {
                return Err(Problem::not_uploaded());
            }
            self.check_open(&stored, kind, service_index)?;
            let service = index(service_index);
            let change = MaterialChange { kind: kind.to_owned(), service, replaced: false, removed: true };
            match self.apply(caller, stored, Command::RemoveMaterial(change), Extra::default()).await {
                Err(problem) if problem.is_stale() && attempts < ATTEMPTS => {
                    stored = self.reads.order(id).await?.ok_or_else(Problem::no_order)?;
                }
                done => return done,
            }
        }
    }

    /// What the scanner says; an infected file is refused and recorded.
    async fn scanned(&self, caller: &Caller, stored: &StoredOrder, arrival: &Arrival) -> Result<Scan, Problem> {
        let Some(scanner) = &self.scanner else { return Ok(Scan::Off) };
        match scanner.scan(&arrival.bytes).await {
            Ok(Verdict::Clean) => Ok(Scan::Clean),
            Ok(Verdict::Infected(signature)) => {
                let detail = json!({"kind": arrival.kind, "service": arrival.service_index, "signature": signature});
                let object = format!("order {}", stored.id);
                let entry = audit::Entry::of(caller, self.clock.now(), "material.infected", object, &detail);
                self.audit.record(entry).await?;
                let reason = format!("holds the virus `{signature}`");
                let remedy = "clean your device, then photograph or scan the original again";
                Err(Problem::fields(vec![FieldError::new(path_of(&arrival.kind), reason, remedy)]))
            }
            Err(error) => {
                tracing::warn!(%error, "a material could not be scanned for viruses");
                match self.config.materials.scanner.when_unreachable {
                    WhenUnreachable::Later => Ok(Scan::Pending),
                    WhenUnreachable::Refuse => Err(Problem::new(
                        Kind::Unavailable,
                        "The virus scanner does not answer. Nothing was stored; repeat the request.",
                    )),
                }
            }
        }
    }

    /// The clear bytes of a stored material.
    pub async fn open_material(&self, data_key: &DataKey, row: &MaterialRow) -> Result<Vec<u8>, Problem> {
        match row.scan {
            Scan::Off | Scan::Clean => {}
            Scan::Pending => {
                let detail = "It is still to be scanned for viruses; try again in a few minutes.";
                return Err(Problem::new(Kind::NotScanned, detail));
            }
            Scan::Infected => {
                return Err(Problem::new(Kind::NotScanned, "A virus was found in it; its bytes were removed."));
            }
        }
        let key = data_key.decrypt(row.object.as_bytes(), &row.object_key)?;
        Ok(self.materials.get(&row.object, &key).await?)
    }
}

/// Refuses a material of a service that the filing does not declare, or of a service where it is the organiser's.
pub fn check_service(filing: &Filing, kind: &str, service_index: i32) -> Result<(), Problem> {
    // The organiser's materials are counted with the first service, also where the order names none.
    if !usize::try_from(service_index).is_ok_and(|index| index < filing.services.len().max(1)) {
        return Err(Problem::field("service", "the order has no such service", "count from 0"));
    }
    if service_index > 0 && MaterialKind::parse(kind).is_some_and(MaterialKind::is_of_organiser) {
        let reason = format!("`{kind}` shows the organiser and belongs to no service");
        return Err(Problem::field("service", &reason, "leave it out"));
    }
    Ok(())
}

fn index(service_index: i32) -> u32 {
    u32::try_from(service_index).unwrap_or_default()
}
