//! The SQL of what outcomes change. Statements are per batch, never per record.

use std::collections::{HashMap, HashSet};

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::Filed;
use super::outcome::Outcomes;
use super::outcome::removal::{Removal, Removed};
use super::record::{OrganiserRecord, ServiceRecord, Status, name_key, number_key};

/// Marks orders as archived; tells which were not before.
pub async fn mark_applied(connection: &mut PgConnection, filed: &[Filed]) -> Result<HashSet<Uuid>, sqlx::Error> {
    let new: Vec<Uuid> = sqlx::query_scalar(
        "insert into archive_orders (order_id, applied_at) select * from unnest($1::uuid[], $2::timestamptz[]) order by 1 \
         on conflict do nothing returning order_id",
    )
    .bind(filed.iter().map(|filed| filed.order_id).collect::<Vec<_>>())
    .bind(filed.iter().map(|filed| filed.at).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(new.into_iter().collect())
}

/// Keys of the numbers of the records that a batch concerns.
#[derive(Debug, Default)]
pub struct Concerned {
    organisers: Vec<String>,
    services: Vec<String>,
    /// Organisers of which it concerns all services.
    whole: Vec<String>,
}

impl Concerned {
    /// Those of outcomes of orders.
    pub fn by_outcomes(filed: &[&Filed]) -> Self {
        let named = |numbers: Vec<String>| numbers.into_iter().filter(|number| !number.is_empty()).collect::<Vec<_>>();
        let whole = filed.iter().filter(|filed| filed.concerns_all_services());
        Self {
            organisers: named(filed.iter().flat_map(|filed| filed.organiser_keys()).collect()),
            services: named(filed.iter().flat_map(|filed| filed.all_service_keys()).collect()),
            whole: named(whole.flat_map(|filed| filed.organiser_keys()).collect()),
        }
    }

    /// Those of what the bureau took off.
    pub fn by_removals(removals: &[Removal]) -> Self {
        let (organisers, services): (Vec<&Removal>, Vec<&Removal>) =
            removals.iter().partition(|removal| removal.what == Removed::Organiser);
        let organisers: Vec<String> = organisers.into_iter().map(Removal::key).collect();
        let services = services.into_iter().map(Removal::key).collect();
        Self { whole: organisers.clone(), organisers, services }
    }

    /// Keys of services.
    pub fn services(&self) -> &[String] {
        &self.services
    }
}

/// Reads and locks the records that a batch concerns.
pub async fn load(
    connection: &mut PgConnection,
    concerned: &Concerned,
    outcomes: &mut Outcomes<'_>,
) -> Result<(), sqlx::Error> {
    let Concerned { organisers, services, whole } = concerned;
    let rows = sqlx::query(include_str!("../../queries/archive/load_organisers.sql"))
        .bind(organisers)
        .bind(services)
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        outcomes.know_organiser(organiser(row)?, row.try_get("former")?);
    }
    let rows = sqlx::query(include_str!("../../queries/archive/load_services.sql"))
        .bind(services)
        .bind(whole)
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        outcomes.know_service(service(row)?, row.try_get("former")?);
    }
    Ok(())
}

/// The bureau's ids of accesses that stand, by service, of services with these keys of numbers.
pub async fn open_accesses(
    connection: &mut PgConnection,
    services: &[String],
) -> Result<HashMap<Uuid, i64>, sqlx::Error> {
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(
        "select access.service_id, access.bureau_id from archive_numbers known \
         join archive_accesses access on access.service_id = known.record_id \
         where known.key = any($1) and known.is_service and access.until is null and access.bureau_id is not null",
    )
    .bind(services)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

fn organiser(row: &PgRow) -> Result<OrganiserRecord, sqlx::Error> {
    Ok(OrganiserRecord {
        id: row.try_get("id")?,
        number: row.try_get("number")?,
        bureau_id: row.try_get("bureau_id")?,
        province: row.try_get("province")?,
        nature: row.try_get("nature")?,
        name: row.try_get("name")?,
        certificate_index: row.try_get("certificate_index")?,
        account: row.try_get("account")?,
        status: Status::parse(row.try_get("status")?),
        order_id: row.try_get("order_id")?,
        content: row.try_get("content")?,
        data_key: row.try_get("data_key")?,
        filed_at: row.try_get("filed_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn service(row: &PgRow) -> Result<ServiceRecord, sqlx::Error> {
    Ok(ServiceRecord {
        id: row.try_get("id")?,
        organiser_id: row.try_get("organiser_id")?,
        number: row.try_get("number")?,
        bureau_id: row.try_get("bureau_id")?,
        kind: row.try_get("kind")?,
        name: row.try_get("name")?,
        province: row.try_get("province")?,
        account: row.try_get("account")?,
        status: Status::parse(row.try_get("status")?),
        is_connected: row.try_get("is_connected")?,
        order_id: row.try_get("order_id")?,
        content: None,
        filed_at: row.try_get("filed_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

/// Writes what a batch changed.
pub async fn write(connection: &mut PgConnection, outcomes: &Outcomes<'_>) -> Result<(), sqlx::Error> {
    let organisers = outcomes.changed_organisers();
    let services = outcomes.changed_services();
    if !organisers.is_empty() {
        save_organisers(connection, &organisers).await?;
    }
    if !services.is_empty() {
        save_services(connection, &services).await?;
    }
    save_traits(connection, outcomes, &services).await?;
    save_accesses(connection, outcomes).await?;
    save_numbers(connection, outcomes).await?;
    save_history(connection, outcomes).await?;
    if !organisers.is_empty() {
        sqlx::query(include_str!("../../queries/archive/mark_shared_certificates.sql"))
            .bind(all(&organisers, |record| record.certificate_index.as_slice()))
            .execute(connection)
            .await?;
    }
    Ok(())
}

fn all<'a, R, T>(records: &[&'a R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    records.iter().map(|record| of(record)).collect()
}

async fn save_organisers(connection: &mut PgConnection, records: &[&OrganiserRecord]) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/archive/save_organisers.sql"))
        .bind(all(records, |record| record.id))
        .bind(all(records, |record| record.number.as_str()))
        .bind(all(records, |record| record.bureau_id))
        .bind(all(records, |record| record.province.as_str()))
        .bind(all(records, |record| record.nature))
        .bind(all(records, |record| record.name.as_deref()))
        .bind(all(records, |record| record.name.as_deref().map(name_key)))
        .bind(all(records, |record| record.certificate_index.as_slice()))
        .bind(all(records, |record| record.account.as_deref()))
        .bind(all(records, |record| record.status.as_str()))
        .bind(all(records, |record| record.order_id))
        .bind(all(records, |record| record.content.as_deref()))
        .bind(all(records, |record| record.data_key.as_deref()))
        .bind(all(records, |record| record.filed_at))
        .bind(all(records, |record| record.updated_at))
        .execute(connection)
        .await?;
    Ok(())
}

/// Enters the names of units that have none.
pub async fn name_units(pool: &PgPool, named: &[(Uuid, String)]) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/archive/name_units.sql"))
        .bind(named.iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .bind(named.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>())
        .bind(named.iter().map(|(_, name)| name_key(name)).collect::<Vec<_>>())
        .execute(pool)
        .await?;
    Ok(())
}

async fn save_services(connection: &mut PgConnection, records: &[&ServiceRecord]) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/archive/save_services.sql"))
        .bind(all(records, |record| record.id))
        .bind(all(records, |record| record.organiser_id))
        .bind(all(records, |record| record.number.as_str()))
        .bind(all(records, |record| record.bureau_id))
        .bind(all(records, |record| record.kind.as_str()))
        .bind(all(records, |record| record.name.as_str()))
        .bind(all(records, |record| name_key(&record.name)))
        .bind(all(records, |record| record.province.as_str()))
        .bind(all(records, |record| record.account.as_deref()))
        .bind(all(records, |record| record.status.as_str()))
        .bind(all(records, |record| record.is_connected))
        .bind(all(records, |record| record.order_id))
        .bind(all(records, |record| record.content.as_deref()))
        .bind(all(records, |record| record.filed_at))
        .bind(all(records, |record| record.updated_at))
        .execute(connection)
        .await?;
    Ok(())
}

/// Domains and packages, and which domains are shared now.
async fn save_traits(
    connection: &mut PgConnection,
    outcomes: &Outcomes<'_>,
    changed: &[&ServiceRecord],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = outcomes.traits.keys().copied().collect();
    let mut touched: Vec<String> = Vec::new();
    if !ids.is_empty() {
        let domains = || outcomes.traits.iter().flat_map(|(id, traits)| traits.domains.iter().map(move |d| (id, d)));
        touched = sqlx::query_scalar(include_str!("../../queries/archive/replace_domains.sql"))
            .bind(&ids)
            .bind(domains().map(|(id, _)| *id).collect::<Vec<_>>())
            .bind(domains().map(|(_, (domain, _))| domain.as_str()).collect::<Vec<_>>())
            .bind(domains().map(|(_, (_, registrable))| registrable.as_str()).collect::<Vec<_>>())
            .fetch_all(&mut *connection)
            .await?;
        let apps = || outcomes.traits.iter().flat_map(|(id, traits)| traits.packages.iter().map(move |p| (id, p)));
        sqlx::query(include_str!("../../queries/archive/replace_apps.sql"))
            .bind(&ids)
            .bind(apps().map(|(id, _)| *id).collect::<Vec<_>>())
            .bind(apps().map(|(_, (platform, _))| platform.as_str()).collect::<Vec<_>>())
            .bind(apps().map(|(_, (_, package))| package.as_str()).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
    }
    // A service that was taken off shares its domains no more.
    let taken_off: Vec<Uuid> =
        changed.iter().filter(|record| record.status == Status::Deregistered).map(|record| record.id).collect();
    if !touched.is_empty() || !taken_off.is_empty() {
        sqlx::query(include_str!("../../queries/archive/mark_shared_domains.sql"))
            .bind(&touched)
            .bind(&taken_off)
            .execute(connection)
            .await?;
    }
    Ok(())
}

async fn save_accesses(connection: &mut PgConnection, outcomes: &Outcomes<'_>) -> Result<(), sqlx::Error> {
    let openings = &outcomes.openings;
    let ends = outcomes.closings.iter().map(|(id, at)| (*id, *at));
    let ends: Vec<_> = ends.chain(openings.iter().map(|(id, opening)| (*id, opening.since))).collect();
    if !ends.is_empty() {
        sqlx::query(include_str!("../../queries/archive/close_accesses.sql"))
            .bind(ends.iter().map(|(id, _)| *id).collect::<Vec<_>>())
            .bind(ends.iter().map(|(_, at)| *at).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
    }
    if openings.is_empty() {
        return Ok(());
    }
    let codes = |codes: &[u16]| codes.iter().map(u16::to_string).collect::<Vec<_>>().join(" ");
    sqlx::query(include_str!("../../queries/archive/open_accesses.sql"))
        .bind(openings.keys().copied().collect::<Vec<_>>())
        .bind(openings.values().map(|opening| opening.bureau_id).collect::<Vec<_>>())
        .bind(openings.values().map(|opening| codes(&opening.access.methods)).collect::<Vec<_>>())
        .bind(openings.values().map(|opening| codes(&opening.access.server_places)).collect::<Vec<_>>())
        .bind(openings.values().map(|opening| addresses(&opening.access.addresses)).collect::<Vec<_>>())
        .bind(openings.values().map(|opening| opening.since).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Addresses as one text; ranges may be written with blanks.
fn addresses(addresses: &[String]) -> String {
    let without_blanks = |address: &String| address.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    addresses.iter().map(without_blanks).collect::<Vec<_>>().join(" ")
}

async fn save_numbers(connection: &mut PgConnection, outcomes: &Outcomes<'_>) -> Result<(), sqlx::Error> {
    if outcomes.numbers.is_empty() {
        return Ok(());
    }
    let numbers: Vec<_> = outcomes.numbers.values().collect();
    sqlx::query(include_str!("../../queries/archive/save_numbers.sql"))
        .bind(all(&numbers, |number| number.number.as_str()))
        .bind(all(&numbers, |number| number_key(&number.number)))
        .bind(outcomes.numbers.keys().copied().collect::<Vec<_>>())
        .bind(all(&numbers, |number| number.is_service))
        .bind(all(&numbers, |number| number.since))
        .execute(connection)
        .await?;
    Ok(())
}

async fn save_history(connection: &mut PgConnection, outcomes: &Outcomes<'_>) -> Result<(), sqlx::Error> {
    if outcomes.history.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = outcomes.history.iter().collect();
    sqlx::query(
        "insert into archive_history (organiser_id, service_id, at, order_id, order_type, event) \
         select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[])",
    )
    .bind(all(&lines, |line| line.organiser_id))
    .bind(all(&lines, |line| line.service_id))
    .bind(all(&lines, |line| line.at))
    .bind(all(&lines, |line| line.order.map(|(order_id, _)| order_id)))
    .bind(all(&lines, |line| line.order.map(|(_, order_type)| order_type.as_str())))
    .bind(all(&lines, |line| line.event))
    .execute(connection)
    .await?;
    Ok(())
}
