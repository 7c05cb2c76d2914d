//! One record of the archive with everything that is known about it.

use chrono::{DateTime, Utc};
use icp_domain::{Access, InternetService, NATURE_PERSON, OrderType, Organiser, ServiceKind};
use icp_kit::Vault;
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ArchiveError;
use super::record::{Status, number_key};

/// An organiser as the archive shows it.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct OrganiserFound {
    /// Our id.
    #[serde(skip)]
    pub id: Uuid,
    /// Filing number now.
    pub number: String,
    /// Id in the bureau's store.
    pub bureau_id: Option<i64>,
    /// Letters of the province.
    pub province: String,
    /// Nature (单位性质).
    pub nature: i32,
    /// `filed` or `deregistered`.
    pub status: String,
    /// Account that holds the record.
    pub account: Option<String>,
    /// Whether another organiser on record has the same certificate.
    pub shares_certificate: bool,
    /// Order that changed it last.
    pub order_id: Uuid,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// Keyed digest of the certificate number.
    #[serde(skip)]
    pub(crate) certificate_index: Vec<u8>,
    #[serde(skip)]
    pub(crate) content: Option<Vec<u8>>,
    #[serde(skip)]
    pub(crate) data_key: Option<Vec<u8>>,
}

/// A service as the archive shows it.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct ServiceFound {
    /// Our id.
    #[serde(skip)]
    pub id: Uuid,
    /// Its organiser's id.
    #[serde(skip)]
    pub organiser_id: Uuid,
    /// Filing number now.
    pub number: String,
    /// The organiser's filing number.
    pub organiser_number: String,
    /// Id in the bureau's store.
    pub bureau_id: Option<i64>,
    /// What kind it is.
    #[schema(value_type = ServiceKind)]
    pub kind: String,
    /// Name.
    pub name: String,
    /// Domains, A-label form.
    pub domains: Vec<String>,
    /// Letters of the province.
    pub province: String,
    /// `filed` or `deregistered`.
    pub status: String,
    /// Whether this provider connects it.
    pub is_connected: bool,
    /// Account that holds the record.
    pub account: Option<String>,
    /// Order that won the number.
    pub order_id: Uuid,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    #[serde(skip)]
    pub(crate) content: Option<Vec<u8>>,
    #[serde(skip)]
    pub(crate) data_key: Option<Vec<u8>>,
}

/// An access through this provider.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct AccessFound {
    #[serde(skip)]
    service_id: Uuid,
    /// Id in the bureau's store.
    pub bureau_id: Option<i64>,
    /// Access methods (接入方式).
    pub methods: Vec<i32>,
    /// Places of the servers.
    pub server_places: Vec<i32>,
    /// Addresses.
    pub addresses: Vec<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; absent while it stands.
    pub until: Option<DateTime<Utc>>,
}

/// A line of a record's history.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct HistoryFound {
    /// When.
    pub at: DateTime<Utc>,
    /// What, e.g. `filed`.
    pub event: String,
    /// By which order; null where the bureau took the record off by itself.
    pub order_id: Option<Uuid>,
    /// Its type.
    #[schema(value_type = Option<OrderType>)]
    pub order_type: Option<String>,
    /// The service, in the history of its organiser.
    pub service_number: Option<String>,
}

/// A number that a record has or had.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct NumberFound {
    /// The number.
    pub number: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; absent for the number now.
    pub until: Option<DateTime<Utc>>,
}

/// Lines of history that one answer holds at most, the latest.
const HISTORY_MAX: i64 = 500;

/// Columns of a [`ServiceFound`].
pub(super) const SERVICE: &str = "service.id, service.organiser_id, service.number, organiser.number as organiser_number, \
     service.bureau_id, service.kind, service.name, service.province, service.status, service.is_connected, \
     service.account, service.order_id, service.filed_at, service.updated_at, service.content, organiser.data_key, \
     array(select domain from archive_domains where service_id = service.id order by domain) as domains";
/// Where the columns of its organiser come from.
pub(super) const OF_ORGANISER: &str = "join archive_organisers organiser on organiser.id = service.organiser_id";

/// The organiser that has or had this number.
pub async fn organiser(pool: &PgPool, number: &str) -> Result<Option<OrganiserFound>, sqlx::Error> {
    sqlx::query_as(
        "select * from archive_organisers \
         where id = (select record_id from archive_numbers where key = $1 and not is_service)",
    )
    .bind(number_key(number))
    .fetch_optional(pool)
    .await
}

/// The organisers that have these numbers now.
pub async fn organisers(pool: &PgPool, numbers: &[String]) -> Result<Vec<OrganiserFound>, sqlx::Error> {
    sqlx::query_as("select * from archive_organisers where number = any($1)").bind(numbers).fetch_all(pool).await
}

/// The services that have or had these numbers.
pub async fn services(pool: &PgPool, numbers: &[String]) -> Result<Vec<ServiceFound>, sqlx::Error> {
    let keys: Vec<String> = numbers.iter().map(|number| number_key(number)).collect();
    let query = format!(
        "select {SERVICE} from archive_services service {OF_ORGANISER} \
         where service.id = any(array(select record_id from archive_numbers where key = any($1) and is_service))"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(keys).fetch_all(pool).await
}

/// The services of an organiser that are on record and connected here, oldest first.
pub async fn connected_services(
    pool: &PgPool,
    organiser_id: Uuid,
    limit: i64,
) -> Result<Vec<ServiceFound>, sqlx::Error> {
    let query = format!(
        "select {SERVICE} from archive_services service {OF_ORGANISER} \
         where service.organiser_id = $1 and service.status = 'filed' and service.is_connected \
         order by service.filed_at, service.id limit $2"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(organiser_id).bind(limit).fetch_all(pool).await
}

/// APPs of which no domain is known here, by id, from behind `after`.
pub async fn apps_without_domains(pool: &PgPool, after: Uuid, limit: i64) -> Result<Vec<ServiceFound>, sqlx::Error> {
    let query = format!(
        "select {SERVICE} from archive_services service {OF_ORGANISER} \
         where service.kind = 'app' and service.content is not null and service.id > $1 \
         and not exists (select from archive_domains where service_id = service.id) order by service.id limit $2"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(after).bind(limit).fetch_all(pool).await
}

/// Units that are searched for in vain, because their name is in their content alone, by id.
pub async fn units_without_name(pool: &PgPool, after: Uuid, limit: i64) -> Result<Vec<OrganiserFound>, sqlx::Error> {
    sqlx::query_as(
        "select * from archive_organisers \
         where name is null and content is not null and nature <> $1 and id > $2 order by id limit $3",
    )
    .bind(i32::from(NATURE_PERSON))
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// An APP on record with this package, one that is connected here before others.
pub async fn app_by_package(pool: &PgPool, package: &str) -> Result<Option<ServiceFound>, sqlx::Error> {
    let query = format!(
        "select {SERVICE} from archive_services service {OF_ORGANISER} \
         where service.id = any(array(select service_id from archive_apps where package = $1)) \
         and service.status = 'filed' order by service.is_connected desc, service.number limit 1"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(package).fetch_optional(pool).await
}

/// The accesses of services, oldest first.
pub async fn accesses(pool: &PgPool, service_ids: &[Uuid]) -> Result<Vec<AccessFound>, sqlx::Error> {
    sqlx::query_as("select * from archive_accesses where service_id = any($1) order by service_id, since")
        .bind(service_ids)
        .fetch_all(pool)
        .await
}

/// The history of an organiser with its services, oldest first.
pub async fn organiser_history(pool: &PgPool, id: Uuid) -> Result<Vec<HistoryFound>, sqlx::Error> {
    history(pool, "line.organiser_id = $1", id).await
}

/// The history of a service, oldest first.
pub async fn service_history(pool: &PgPool, id: Uuid) -> Result<Vec<HistoryFound>, sqlx::Error> {
    history(pool, "line.service_id = $1", id).await
}

async fn history(pool: &PgPool, of: &'static str, id: Uuid) -> Result<Vec<HistoryFound>, sqlx::Error> {
    let query = format!(
        "select * from (select line.id, line.at, line.event, line.order_id, line.order_type, \
         service.number as service_number from archive_history line \
         left join archive_services service on service.id = line.service_id \
         where {of} order by line.id desc limit $2) latest order by id"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(id).bind(HISTORY_MAX).fetch_all(pool).await
}

/// The numbers of an organiser or a service, oldest first.
pub async fn numbers(pool: &PgPool, record_id: Uuid) -> Result<Vec<NumberFound>, sqlx::Error> {
    sqlx::query_as("select number, since, until from archive_numbers where record_id = $1 order by since")
        .bind(record_id)
        .fetch_all(pool)
        .await
}

/// A domain that may be served, and under which number.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Served {
    /// Filing number of the service.
    pub service_number: String,
    /// Filing number of the organiser.
    pub organiser_number: String,
    /// Letters of the province.
    pub province: String,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
}

/// Whether one of these domains may be served: it is on record and connected through this provider. The first that
/// is named counts first.
pub async fn served(pool: &PgPool, domains: &[&str]) -> Result<Option<Served>, sqlx::Error> {
    sqlx::query_as(
        "select service.number as service_number, organiser.number as organiser_number, service.province, \
         service.filed_at from archive_domains held \
         join archive_services service on service.id = held.service_id \
         join archive_organisers organiser on organiser.id = service.organiser_id \
         where held.domain = any($1) and service.status = 'filed' and service.is_connected \
         order by array_position($1, held.domain), service.number limit 1",
    )
    .bind(domains)
    .fetch_optional(pool)
    .await
}

impl OrganiserFound {
    /// What is on record, decrypted; none where it was erased or is not complete yet.
    pub fn open(&self, vault: &Vault) -> Result<Option<Organiser>, ArchiveError> {
        let (Some(content), Some(data_key)) = (&self.content, &self.data_key) else { return Ok(None) };
        let key = vault.unwrap_key(data_key, self.id.as_bytes())?;
        let organiser: Organiser = serde_json::from_slice(&key.decrypt(self.id.as_bytes(), content)?)?;
        Ok(Some(Organiser { number: Some(self.number.clone()), ..organiser }))
    }
}

impl ServiceFound {
    /// Whether it stands on record at the ministry.
    pub fn is_filed(&self) -> bool {
        Status::parse(&self.status) == Status::Filed
    }

    /// What is on record, decrypted, with its access through this provider where there is one now.
    pub fn open(&self, vault: &Vault, accesses: &[AccessFound]) -> Result<Option<InternetService>, ArchiveError> {
        let (Some(content), Some(data_key)) = (&self.content, &self.data_key) else { return Ok(None) };
        let key = vault.unwrap_key(data_key, self.organiser_id.as_bytes())?;
        let service: InternetService = serde_json::from_slice(&key.decrypt(self.id.as_bytes(), content)?)?;
        let open = accesses.iter().find(|access| access.service_id == self.id && access.until.is_none());
        let access = open.map(AccessFound::declared).unwrap_or_else(|| service.access.clone());
        Ok(Some(InternetService { number: Some(self.number.clone()), access, ..service }))
    }
}

impl AccessFound {
    fn declared(&self) -> Access {
        let codes = |codes: &[i32]| codes.iter().filter_map(|code| u16::try_from(*code).ok()).collect();
        Access {
            methods: codes(&self.methods),
            server_places: codes(&self.server_places),
            addresses: self.addresses.clone(),
        }
    }
}
