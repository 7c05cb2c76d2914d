//! Organisers on record with everything that they have, and services by their domains and numbers: what an order is held
//! against.
//! Each function answers many questions at once, one list per question.

use chrono::{DateTime, Utc};
use icp_domain::{Filing, InternetService, Organiser, ServiceKind};
use icp_kit::Vault;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgPool, Row as _};
use uuid::Uuid;

use super::ArchiveError;
use super::lookup::{OF_ORGANISER, OrganiserFound, SERVICE, ServiceFound};
use super::record::{kind_text, number_key};
use crate::amendment::{self, Changed};

/// An organiser on record with its services on record.
#[derive(Debug, Clone)]
pub struct RecordFound {
    /// The organiser.
    pub organiser: OrganiserFound,
    /// Its services, by number.
    pub services: Vec<ServiceFound>,
}

/// The same, decrypted.
#[derive(Debug, Clone)]
pub struct OpenRecord {
    /// The organiser.
    pub organiser: Organiser,
    /// Letters of the province.
    pub province: String,
    /// Its services, each with the time of its approval.
    pub services: Vec<(InternetService, DateTime<Utc>)>,
}

impl RecordFound {
    /// How many domains the services have; those that an APP uses are not its own.
    pub fn domains(&self) -> usize {
        let app = kind_text(ServiceKind::App);
        self.services.iter().filter(|service| service.kind != app).map(|service| service.domains.len()).sum()
    }

    /// What is on record, decrypted; none where a part of it was erased or is not complete yet, because half a record
    /// would be judged as a whole one.
    pub fn open(&self, vault: &Vault) -> Result<Option<OpenRecord>, ArchiveError> {
        let Some(organiser) = self.organiser.open(vault)? else { return Ok(None) };
        let mut services = Vec::with_capacity(self.services.len());
        for found in &self.services {
            let Some(service) = found.open(vault, &[])? else { return Ok(None) };
            services.push((service, found.filed_at));
        }
        Ok(Some(OpenRecord { organiser, province: self.organiser.province.clone(), services }))
    }
}

impl OpenRecord {
    /// Paths of the fields in which a filing differs from what is on record of the organiser and services that it names;
    /// those of accesses left out, which have orders of their own.
    pub fn changed(&self, filing: &Filing) -> Result<Vec<String>, serde_json::Error> {
        let mut changed = Vec::new();
        if filing.order_type.description().organiser.brings_data() {
            changed = amendment::differences_at("organiser", &self.organiser, &filing.organiser)?;
        }
        for (index, service) in filing.services.iter().enumerate() {
            let path = format!("services[{index}]");
            let mut named = self.services.iter().map(|(recorded, _)| recorded);
            let key = service.number.as_deref().map(number_key);
            let Some(recorded) = named.find(|recorded| recorded.number.as_deref().map(number_key) == key) else {
                changed.push(Changed { path, before: None, after: None });
                continue;
            };
            let recorded = InternetService { access: service.access.clone(), ..recorded.clone() };
            changed.extend(amendment::differences_at(&path, &recorded, service)?);
        }
        Ok(changed.into_iter().map(|changed| changed.path).collect())
    }
}

/// Organisers by number, also by a former one.
pub async fn by_number(pool: &PgPool, numbers: &[String]) -> Result<Vec<Vec<RecordFound>>, sqlx::Error> {
    let keys: Vec<String> = numbers.iter().map(|number| number_key(number)).collect();
    let query = sqlx::query(include_str!("../../queries/archive/organisers_by_number.sql"));
    let found = by_question(&query.bind(&keys).fetch_all(pool).await?, keys.len())?;
    with_services(pool, found).await
}

/// Organisers by the blind index of their certificate number; more than one is a fault of the record.
pub async fn by_certificate(pool: &PgPool, indexes: &[Vec<u8>]) -> Result<Vec<Vec<RecordFound>>, sqlx::Error> {
    let query = sqlx::query(include_str!("../../queries/archive/organisers_by_certificate.sql"));
    let found = by_question(&query.bind(indexes).fetch_all(pool).await?, indexes.len())?;
    with_services(pool, found).await
}

/// Services by domain, A-label form. One look into the index for each domain, whatever the planner takes the table for.
pub async fn by_domain(pool: &PgPool, domains: &[String]) -> Result<Vec<Vec<ServiceFound>>, sqlx::Error> {
    let query = format!(
        "select asked.place, found.* from unnest($1::text[]) with ordinality as asked (domain, place) \
         cross join lateral (select service_id from archive_domains where domain = asked.domain offset 0) as held \
         cross join lateral ( \
             select {SERVICE} from archive_services service {OF_ORGANISER} \
             where service.id = held.service_id and service.status = 'filed' offset 0 \
         ) as found"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(domains).fetch_all(pool).await?;
    by_question(&rows, domains.len())
}

/// Services by number, also by a former one; those that were taken off too.
pub async fn by_service_number(pool: &PgPool, numbers: &[String]) -> Result<Vec<Vec<ServiceFound>>, sqlx::Error> {
    let keys: Vec<String> = numbers.iter().map(|number| number_key(number)).collect();
    let query = format!(
        "select asked.place, found.* from unnest($1::text[]) with ordinality as asked (key, place) \
         cross join lateral ( \
             select record_id from archive_numbers where key = asked.key and is_service offset 0 \
         ) as known \
         cross join lateral ( \
             select {SERVICE} from archive_services service {OF_ORGANISER} \
             where service.id = known.record_id offset 0 \
         ) as found"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(&keys).fetch_all(pool).await?;
    by_question(&rows, keys.len())
}

/// The services of all organisers in one more query; none where nobody was found.
async fn with_services(pool: &PgPool, found: Vec<Vec<OrganiserFound>>) -> Result<Vec<Vec<RecordFound>>, sqlx::Error> {
    let ids: Vec<Uuid> = found.iter().flatten().map(|organiser| organiser.id).collect();
    let services: Vec<ServiceFound> = if ids.is_empty() {
        Vec::new()
    } else {
        let query = format!(
            "select {SERVICE} from archive_services service {OF_ORGANISER} \
             where service.organiser_id = any($1) and service.status = 'filed' order by service.number"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(&ids).fetch_all(pool).await?
    };
    let with_own = |organiser: OrganiserFound| {
        let own = services.iter().filter(|service| service.organiser_id == organiser.id).cloned().collect();
        RecordFound { organiser, services: own }
    };
    Ok(found.into_iter().map(|answer| answer.into_iter().map(with_own).collect()).collect())
}

/// Rows sorted to the questions that they answer, by their place counted from 1.
fn by_question<R: for<'r> FromRow<'r, PgRow>>(rows: &[PgRow], count: usize) -> Result<Vec<Vec<R>>, sqlx::Error> {
    let mut answers: Vec<Vec<R>> = std::iter::repeat_with(Vec::new).take(count).collect();
    for row in rows {
        let place: i64 = row.try_get("place")?;
        let index = usize::try_from(place - 1).unwrap_or(usize::MAX);
        if let Some(answer) = answers.get_mut(index) {
            answer.push(R::from_row(row)?);
        }
    }
    Ok(answers)
}
