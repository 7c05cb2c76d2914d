//! What the bureau has on record, as its filed data told: the ids that later operations name.

use std::collections::HashSet;

use icp_domain::identifiers::FilingNumber;
use sqlx::{PgConnection, PgPool, Row as _};

use super::Result;
use crate::filing::{KnownIds, KnownService, RelayFiling};
use crate::wire::download::{FiledPart, FiledRecord, FiledService, Removal};

/// The bureau's ids of what a filing names by number, with either abbreviation of its province.
pub async fn known_ids(pool: &PgPool, account: &str, filing: &RelayFiling) -> Result<KnownIds> {
    let numbers: Vec<String> = std::iter::once(&filing.organiser.number)
        .chain(filing.services.iter().map(|service| &service.number))
        .flatten()
        .flat_map(|number| spellings(number))
        .collect();
    let mut known = KnownIds { services: vec![KnownService::default(); filing.services.len()], ..KnownIds::default() };
    if numbers.is_empty() {
        return Ok(known);
    }
    let rows =
        sqlx::query(include_str!("../../queries/known_ids.sql")).bind(account).bind(&numbers).fetch_all(pool).await?;
    for row in &rows {
        let number: String = row.try_get("of_number")?;
        let kind: String = row.try_get("kind")?;
        let id: i64 = row.try_get("bureau_id")?;
        let name: Option<String> = row.try_get("name")?;
        let is = |named: Option<&String>| named.is_some_and(|named| spellings(named).contains(&number));
        if kind == "organiser" && is(filing.organiser.number.as_ref()) {
            (known.organiser, known.organiser_number) = (Some(id), Some(number.clone()));
        }
        for (service, known) in filing.services.iter().zip(&mut known.services) {
            if !is(service.number.as_ref()) {
                continue;
            }
            match (kind.as_str(), name.clone()) {
                ("service", _) => (known.service, known.number) = (Some(id), Some(number.clone())),
                ("access", _) => known.access = Some(id),
                ("domain", Some(name)) => known.domains.push((name, id)),
                ("address", Some(name)) => known.addresses.push((name, id)),
                _ => {}
            }
        }
    }
    Ok(known)
}

/// How the bureau may have written a number.
fn spellings(number: &str) -> Vec<String> {
    FilingNumber::parse(number).map_or_else(|_| vec![number.to_owned()], |number| number.spellings().collect())
}

/// Rows of `bureau_records`, column by column.
#[derive(Default)]
struct Rows<'a> {
    kinds: Vec<&'static str>,
    ids: Vec<i64>,
    organisers: Vec<i64>,
    services: Vec<Option<i64>>,
    numbers: Vec<Option<&'a str>>,
    names: Vec<Option<&'a str>>,
    own: Vec<bool>,
    seen: HashSet<(&'static str, i64)>,
}

impl<'a> Rows<'a> {
    fn add(
        &mut self,
        kind: &'static str,
        part: &'a FiledPart,
        (organiser, service): (i64, Option<i64>),
        name: Option<&'a str>,
        is_own: bool,
    ) {
        let Some(id) = part.bureau_id else { return };
        if !self.seen.insert((kind, id)) {
            return;
        }
        self.kinds.push(kind);
        self.ids.push(id);
        self.organisers.push(organiser);
        self.services.push(service);
        self.numbers.push(part.number.as_deref());
        self.names.push(name);
        self.own.push(is_own);
    }

    fn add_service(&mut self, filed: &'a FiledService, organiser: i64, service: i64, isp_id: i64) {
        self.add("service", &filed.service, (organiser, None), None, true);
        let below = (organiser, Some(service));
        for domain in &filed.domains {
            self.add("domain", &domain.part, below, Some(&domain.name), true);
        }
        for access in &filed.accesses {
            let is_own = access.provider.is_none_or(|provider| provider == isp_id);
            self.add("access", &access.part, below, None, is_own);
            for address in &access.addresses {
                self.add("address", &address.part, below, Some(&address.name), is_own);
            }
        }
    }
}

/// Remembers what the bureau says it has on record, in the order in which it says so. `isp_id` is the provider's own
/// number.
pub async fn remember_records(
    connection: &mut PgConnection,
    account: &str,
    records: &[&FiledRecord],
    isp_id: i64,
) -> Result<()> {
    let mut rows = Rows::default();
    let mut services = Vec::new();
    // What is said last holds; the rest is left out, because one statement changes a row once.
    for record in records.iter().rev() {
        let Some(organiser) = record.organiser.bureau_id else { continue };
        rows.add("organiser", &record.organiser, (organiser, None), None, true);
        for filed in &record.services {
            let Some(service) = filed.service.bureau_id else { continue };
            if rows.seen.contains(&("service", service)) {
                continue;
            }
            services.push(service);
            rows.add_service(filed, organiser, service, isp_id);
        }
    }
    if rows.ids.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("../../queries/forget_parts.sql"))
        .bind(account)
        .bind(&services)
        .bind(&rows.ids)
        .execute(&mut *connection)
        .await?;
    sqlx::query(include_str!("../../queries/upsert_bureau_records.sql"))
        .bind(account)
        .bind(&rows.kinds)
        .bind(&rows.ids)
        .bind(&rows.organisers)
        .bind(&rows.services)
        .bind(&rows.numbers)
        .bind(&rows.names)
        .bind(&rows.own)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets a record that was taken off, with everything below it.
pub async fn forget_record(connection: &mut PgConnection, account: &str, kind: &str, bureau_id: i64) -> Result<()> {
    sqlx::query(include_str!("../../queries/remove_bureau_records.sql"))
        .bind(account)
        .bind(kind)
        .bind(bureau_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// A record that a notice of removal (ZXSJ) names, as it was known here.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RemovedRecord {
    /// `organiser`, `service` or `access`.
    pub kind: String,
    /// Its filing number; for an access, that of its service.
    pub number: Option<String>,
    /// Whether an access is through this provider.
    pub is_own: bool,
}

/// Forgets what a notice of removal names, and tells what it was: nothing where it was forgotten before. Its id is unique
/// over all kinds of records; should it stand for two, the kind that the notice names counts.
pub async fn forget_removal(
    connection: &mut PgConnection,
    account: &str,
    removal: &Removal,
) -> Result<Vec<RemovedRecord>> {
    let mut removed: Vec<RemovedRecord> = sqlx::query_as(include_str!("../../queries/removed_records.sql"))
        .bind(account)
        .bind(removal.bureau_id)
        .fetch_all(&mut *connection)
        .await?;
    let is_named = |record: &RemovedRecord| removal.kind.is_some_and(|kind| kind.as_str() == record.kind);
    if removed.iter().any(is_named) {
        removed.retain(is_named);
    }
    for record in &removed {
        forget_record(connection, account, &record.kind, removal.bureau_id).await?;
    }
    Ok(removed)
}
