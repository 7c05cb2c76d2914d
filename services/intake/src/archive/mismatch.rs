//! What does not fit: the same domain in two services, the same certificate in two organisers, and records of the
//! bureau that say something else.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use icp_domain::names::is_same_name;
use icp_domain::{InternetService, Organiser};
use icp_kit::Vault;
use serde::Serialize;
use sqlx::{PgConnection, PgPool};

use super::ArchiveError;
use super::record::{CERTIFICATE_FIELD, Traits, certificate_key, normal_number};
use super::search::Cursor;

/// What the bureau has of an organiser, with all of its services through this provider.
#[derive(Debug, Clone)]
pub struct BureauRecord {
    /// Number of the organiser.
    pub organiser_number: String,
    /// Its id in the bureau's store; 0 where unknown.
    pub organiser_id: i64,
    /// Its data.
    pub organiser: Organiser,
    /// Its services.
    pub services: Vec<BureauService>,
}

/// What the bureau has of a service.
#[derive(Debug, Clone)]
pub struct BureauService {
    /// Number of the service.
    pub number: String,
    /// Its id in the bureau's store; 0 where unknown.
    pub id: i64,
    /// Its data.
    pub service: InternetService,
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
    number: String,
    bureau_id: Option<i64>,
    nature: i32,
    certificate_index: Vec<u8>,
    status: String,
}

#[derive(Debug, sqlx::FromRow)]
struct ArchivedService {
    organiser_number: String,
    number: String,
    bureau_id: Option<i64>,
    name: String,
    domains: Vec<String>,
    addresses: Vec<String>,
}

/// Compares the archive with what the bureau has, and keeps what differs; tells how many fields do.
///
/// What was different for these organisers before and is no more leaves the list.
pub async fn compare(
    connection: &mut PgConnection,
    vault: &Vault,
    records: &[BureauRecord],
    at: DateTime<Utc>,
) -> Result<usize, ArchiveError> {
    let numbers: Vec<String> = records.iter().map(|record| normal_number(&record.organiser_number)).collect();
    let organisers: Vec<ArchivedOrganiser> = sqlx::query_as(
        "select number, bureau_id, nature, certificate_index, status from archive_organisers where number = any($1)",
    )
    .bind(&numbers)
    .fetch_all(&mut *connection)
    .await?;
    let services: Vec<ArchivedService> = sqlx::query_as(
        "select organiser.number as organiser_number, service.number, service.bureau_id, service.name, \
         array(select domain from archive_domains where service_id = service.id order by domain) as domains, \
         coalesce(access.addresses, '{}') as addresses \
         from archive_organisers organiser join archive_services service on service.organiser_id = organiser.id \
         left join archive_accesses access on access.service_id = service.id and access.until is null \
         where organiser.number = any($1) and service.status = 'filed' and service.is_connected",
    )
    .bind(&numbers)
    .fetch_all(&mut *connection)
    .await?;
    let mut differences = Vec::new();
    for (record, number) in records.iter().zip(&numbers) {
        let archived = organisers.iter().find(|organiser| &organiser.number == number);
        let own = services.iter().filter(|service| &service.organiser_number == number).collect();
        differences.extend(differences_of(vault, number, record, archived, own));
    }
    let all = |of: fn(&Difference) -> &str| differences.iter().map(of).collect::<Vec<_>>();
    sqlx::query(include_str!("../../queries/archive/save_differences.sql"))
        .bind(&numbers)
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
) -> Vec<Difference> {
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
            let nature = i32::from(record.organiser.nature);
            tell("", "organiser.nature", archived.nature.to_string(), nature.to_string());
            let certificate = certificate_key(&record.organiser.certificate.number);
            if vault.blind_index(CERTIFICATE_FIELD, &certificate) != archived.certificate_index {
                tell("", "organiser.certificate.number", String::new(), String::new());
            }
            if record.organiser_id > 0 && archived.bureau_id.is_some() {
                tell("", "bureau_id", id_text(archived.bureau_id), record.organiser_id.to_string());
            }
        }
        None => tell("", "status", String::new(), "filed".to_owned()),
    }
    let archived: BTreeMap<&str, &ArchivedService> =
        services.into_iter().map(|service| (service.number.as_str(), service)).collect();
    let at_bureau: BTreeMap<String, &BureauService> =
        record.services.iter().map(|service| (normal_number(&service.number), service)).collect();
    for service in archived.keys().filter(|number| !at_bureau.contains_key(**number)) {
        tell(service, "services", "connected".to_owned(), String::new());
    }
    for (number, bureau) in &at_bureau {
        let Some(archived) = archived.get(number.as_str()) else {
            tell(number, "services", String::new(), "connected".to_owned());
            continue;
        };
        if !is_same_name(&archived.name, &bureau.service.name) {
            tell(number, "name", archived.name.clone(), bureau.service.name.clone());
        }
        let domains = Traits::of(&bureau.service).domains.into_iter().map(|(domain, _)| domain);
        tell(number, "domains", archived.domains.join(" "), domains.collect::<Vec<_>>().join(" "));
        let addresses = sorted(&bureau.service.access.addresses);
        tell(number, "access.addresses", sorted(&archived.addresses), addresses);
        if bureau.id > 0 && archived.bureau_id.is_some() {
            tell(number, "bureau_id", id_text(archived.bureau_id), bureau.id.to_string());
        }
    }
    found
}

/// Fields whose values are not kept.
const PERSONAL: [&str; 1] = ["organiser.certificate.number"];

fn id_text(id: Option<i64>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn sorted(addresses: &[String]) -> String {
    let without_blanks = |address: &String| address.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    addresses.iter().map(without_blanks).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
}

/// Something that does not fit, as it is listed.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Mismatch {
    /// `certificate`, `difference` or `domain`.
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

/// The kinds of mismatches.
pub const KINDS: [&str; 3] = ["certificate", "difference", "domain"];

/// A page of what does not fit, and the place where the next one begins.
pub async fn list(
    pool: &PgPool,
    kind: Option<&str>,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<(Vec<Mismatch>, Option<Cursor>), sqlx::Error> {
    let rows: Vec<Mismatch> = sqlx::query_as(include_str!("../../queries/archive/list_mismatches.sql"))
        .bind(kind)
        .bind(after.map(|Cursor(kind, _)| kind))
        .bind(after.map(|Cursor(_, key)| key))
        .bind(limit)
        .fetch_all(pool)
        .await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows.last().filter(|_| is_full).map(|last| Cursor(last.kind.clone(), last.key.clone()));
    Ok((rows, next))
}
