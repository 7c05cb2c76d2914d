//! What does not fit: the same domain in two services, the same certificate in two organisers, and records of the
//! bureau that say something else.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::Ipv4Addr;

use chrono::{DateTime, Utc};
use icp_domain::names::{DomainName, is_same_name};
use icp_domain::{Organiser, ServiceKind};
use icp_kit::Vault;
use icp_proto::relay::IpRange;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ArchiveError;
use super::record::{CERTIFICATE_FIELD, certificate_key, kind_text, number_key};
use super::search::Cursor;
use crate::content::ip_range;
use crate::paging::last_of_full;

/// What the bureau has of an organiser and its services through this provider.
#[derive(Debug, Clone)]
pub struct BureauRecord {
    /// Number of the organiser.
    pub organiser_number: String,
    /// Its id in the bureau's store; 0 where unknown.
    pub organiser_id: i64,
    /// Name.
    pub name: String,
    /// Nature (单位性质).
    pub nature: u16,
    /// Number of its certificate.
    pub certificate_number: String,
    /// Its services.
    pub services: Vec<BureauService>,
    /// Whether these are all. Otherwise the archive may have others.
    pub is_whole: bool,
}

/// What the bureau has of a service.
#[derive(Debug, Clone)]
pub struct BureauService {
    /// Number of the service.
    pub number: String,
    /// Its id in the bureau's store; 0 where unknown.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Domains.
    pub domains: Vec<String>,
    /// Addresses through this provider.
    pub addresses: Vec<IpRange>,
}

/// One field that is not the same. Values of personal data are left empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    organiser_number: String,
    service_number: String,
    field: &'static str,
    archived: String,
    at_bureau: String,
}

#[derive(Debug, sqlx::FromRow)]
struct ArchivedOrganiser {
    id: Uuid,
    content: Option<Vec<u8>>,
    data_key: Option<Vec<u8>>,
    number: String,
    bureau_id: Option<i64>,
    nature: i32,
    certificate_index: Vec<u8>,
    status: String,
}

impl ArchivedOrganiser {
    /// Its name on record; none where it was erased or is not complete yet.
    fn name(&self, vault: &Vault) -> Result<Option<String>, ArchiveError> {
        let (Some(content), Some(data_key)) = (&self.content, &self.data_key) else { return Ok(None) };
        let clear = vault.unwrap_key(data_key, self.id.as_bytes())?.decrypt(self.id.as_bytes(), content)?;
        let organiser: Organiser = serde_json::from_slice(&clear)?;
        Ok(Some(organiser.name))
    }
}

#[derive(Debug, sqlx::FromRow)]
struct ArchivedService {
    organiser_number: String,
    number: String,
    bureau_id: Option<i64>,
    kind: String,
    name: String,
    domains: Vec<String>,
    addresses: Vec<String>,
}

/// Compares the archive with what the bureau has, and keeps what differs; tells how many fields do.
///
/// What was different before in what is compared and is no more leaves the list.
pub async fn compare(
    connection: &mut PgConnection,
    vault: &Vault,
    records: &[BureauRecord],
    at: DateTime<Utc>,
) -> Result<usize, ArchiveError> {
    let mut count = 0;
    let mut rest = records;
    while !rest.is_empty() {
        // What is said of an organiser later counts.
        let mut seen = HashSet::new();
        let repeated = rest.iter().position(|record| !seen.insert(number_key(&record.organiser_number)));
        let (once, others) = rest.split_at(repeated.unwrap_or(rest.len()));
        count += compare_distinct(connection, vault, once, at).await?;
        rest = others;
    }
    Ok(count)
}

/// Compares records of organisers of which none comes twice.
async fn compare_distinct(
    connection: &mut PgConnection,
    vault: &Vault,
    records: &[BureauRecord],
    at: DateTime<Utc>,
) -> Result<usize, ArchiveError> {
    let keys: Vec<String> = records.iter().map(|record| number_key(&record.organiser_number)).collect();
    let organisers: Vec<ArchivedOrganiser> = sqlx::query_as(
        "select id, content, data_key, number, bureau_id, nature, certificate_index, status from archive_organisers \
         where id = any(array( \
             select record_id from archive_numbers where key = any($1) and not is_service and until is null \
         ))",
    )
    .bind(&keys)
    .fetch_all(&mut *connection)
    .await?;
    let services: Vec<ArchivedService> = sqlx::query_as(
        "select organiser.number as organiser_number, service.number, service.bureau_id, service.kind, service.name, \
         array(select domain from archive_domains where service_id = service.id order by domain) as domains, \
         coalesce(access.addresses, '{}') as addresses \
         from archive_organisers organiser join archive_services service on service.organiser_id = organiser.id \
         left join archive_accesses access on access.service_id = service.id and access.until is null \
         where organiser.id = any($1) and service.status = 'filed' and service.is_connected",
    )
    .bind(organisers.iter().map(|organiser| organiser.id).collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    let mut differences = Vec::new();
    for (record, key) in records.iter().zip(&keys) {
        let archived = organisers.iter().find(|organiser| &number_key(&organiser.number) == key);
        let own = services.iter().filter(|service| &number_key(&service.organiser_number) == key).collect();
        differences.extend(differences_of(vault, key, record, archived, own)?);
    }
    let all = |of: fn(&Difference) -> &str| differences.iter().map(of).collect::<Vec<_>>();
    let given = || records.iter().zip(&keys);
    let whole: Vec<&str> = given().filter(|(record, _)| record.is_whole).map(|(_, number)| number.as_str()).collect();
    let named = given().flat_map(|(record, number)| {
        let services = record.services.iter().map(|service| number_key(&service.number));
        std::iter::once(String::new()).chain(services).map(move |service| (number.as_str(), service))
    });
    let (named_organisers, named_services): (Vec<&str>, Vec<String>) = named.unzip();
    sqlx::query(include_str!("../../queries/archive/save_differences.sql"))
        .bind(whole)
        .bind(named_organisers)
        .bind(named_services)
        .bind(all(|difference| &difference.organiser_number))
        .bind(all(|difference| &difference.service_number))
        .bind(all(|difference| difference.field))
        .bind(all(|difference| &difference.archived))
        .bind(all(|difference| &difference.at_bureau))
        .bind(at)
        .execute(connection)
        .await?;
    Ok(differences.len())
}

fn differences_of(
    vault: &Vault,
    number: &str,
    record: &BureauRecord,
    archived: Option<&ArchivedOrganiser>,
    services: Vec<&ArchivedService>,
) -> Result<Vec<Difference>, ArchiveError> {
    let mut found = Vec::new();
    let mut tell = |service: &str, field: &'static str, archived: String, at_bureau: String| {
        if archived != at_bureau || PERSONAL.contains(&field) {
            let (organiser_number, service_number) = (number.to_owned(), service.to_owned());
            found.push(Difference { organiser_number, service_number, field, archived, at_bureau });
        }
    };
    match archived {
        Some(archived) => {
            tell("", "status", archived.status.clone(), "filed".to_owned());
            let nature = i32::from(record.nature);
            tell("", "organiser.nature", archived.nature.to_string(), nature.to_string());
            if archived.name(vault)?.is_some_and(|name| !is_same_name(&name, &record.name)) {
                tell("", "organiser.name", String::new(), String::new());
            }
            let certificate = certificate_key(&record.certificate_number);
            if vault.blind_index(CERTIFICATE_FIELD, &certificate) != archived.certificate_index {
                tell("", "organiser.certificate.number", String::new(), String::new());
            }
            if record.organiser_id > 0 && archived.bureau_id.is_some() {
                tell("", "bureau_id", id_text(archived.bureau_id), record.organiser_id.to_string());
            }
        }
        None => tell("", "status", String::new(), "filed".to_owned()),
    }
    let archived: BTreeMap<String, &ArchivedService> =
        services.into_iter().map(|service| (number_key(&service.number), service)).collect();
    let at_bureau: BTreeMap<String, &BureauService> =
        record.services.iter().map(|service| (number_key(&service.number), service)).collect();
    for service in archived.keys().filter(|number| record.is_whole && !at_bureau.contains_key(*number)) {
        tell(service, "services", "connected".to_owned(), String::new());
    }
    for (number, bureau) in &at_bureau {
        let Some(archived) = archived.get(number) else {
            tell(number, "services", String::new(), "connected".to_owned());
            continue;
        };
        if !is_same_name(&archived.name, &bureau.name) {
            tell(number, "name", archived.name.clone(), bureau.name.clone());
        }
        // The domains of an APP stand among its features, which are not read.
        if archived.kind != kind_text(ServiceKind::App) || !bureau.domains.is_empty() {
            let domains = bureau.domains.iter().map(|domain| a_label(domain));
            tell(number, "domains", sorted(archived.domains.iter().cloned()), sorted(domains));
        }
        let ranges = archived.addresses.iter().map(|address| ip_range(address).map_or(address.clone(), range_text));
        let addresses = bureau.addresses.iter().copied().map(range_text);
        tell(number, "access.addresses", sorted(ranges), sorted(addresses));
        if bureau.id > 0 && archived.bureau_id.is_some() {
            tell(number, "bureau_id", id_text(archived.bureau_id), bureau.id.to_string());
        }
    }
    Ok(found)
}

/// Fields whose values are not kept.
const PERSONAL: [&str; 2] = ["organiser.name", "organiser.certificate.number"];

fn id_text(id: Option<i64>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn a_label(domain: &str) -> String {
    DomainName::parse(domain).map_or_else(|_| domain.trim().to_lowercase(), |name| name.ascii().to_owned())
}

fn range_text(range: IpRange) -> String {
    let (first, last) = (Ipv4Addr::from(range.first), Ipv4Addr::from(range.last));
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

fn sorted(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
}

/// Something that does not fit, as it is listed.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct Mismatch {
    /// What kind it is.
    #[schema(value_type = MismatchKind)]
    pub kind: String,
    #[serde(skip)]
    key: String,
    /// Numbers of the records at fault.
    pub numbers: Vec<String>,
    /// Which field.
    pub field: String,
    /// What the archive has; empty for personal data.
    pub archived: String,
    /// What the bureau has; empty for personal data and duplicates.
    pub at_bureau: String,
    /// Since when it is known.
    pub found_at: DateTime<Utc>,
}

/// The kinds of mismatches: the same `certificate` in two organisers, a `difference` to the bureau's record, or the same
/// `domain` in two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MismatchKind {
    /// Two organisers have the same certificate.
    Certificate,
    /// The bureau has something else.
    Difference,
    /// Two services have the same domain.
    Domain,
}

impl MismatchKind {
    /// The text form, e.g. `difference`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Difference => "difference",
            Self::Domain => "domain",
        }
    }
}

/// A page of what does not fit, and the place where the next one begins.
pub async fn list(
    pool: &PgPool,
    kind: Option<MismatchKind>,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<(Vec<Mismatch>, Option<Cursor>), sqlx::Error> {
    let rows: Vec<Mismatch> = sqlx::query_as(include_str!("../../queries/archive/list_mismatches.sql"))
        .bind(kind.map(MismatchKind::as_str))
        .bind(after.map(|Cursor(kind, _)| kind))
        .bind(after.map(|Cursor(_, key)| key))
        .bind(limit)
        .fetch_all(pool)
        .await?;
    let next = last_of_full(&rows, limit).map(|last| Cursor(last.kind.clone(), last.key.clone()));
    Ok((rows, next))
}
