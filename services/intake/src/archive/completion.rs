//! Completes records of which only numbers and domains are known, from the orders that won them.
//!
//! The tables were filled so when the archive replaced the list of filed services. Takes no input: what is bare and
//! was not looked at is completed, at every start. So are APPs and units from before their domains and names were
//! searched for.

use std::collections::HashMap;

use icp_kit::Vault;
use sqlx::PgPool;
use uuid::Uuid;

use super::outcome::Outcomes;
use super::record::{Traits, unit_name};
use super::{ArchiveError, Filed, apply, lookup};
use crate::approval::CarriedOut;
use crate::store::{self, StoredOrder};

const BATCH: i64 = 200;

/// Completes what is bare; tells how many orders were read.
pub async fn run(pool: &PgPool, vault: &Vault) -> Result<usize, ArchiveError> {
    let mut count = 0;
    loop {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "select distinct order_id from archive_services where content is null \
             and not exists (select from archive_orders where archive_orders.order_id = archive_services.order_id) \
             limit $1",
        )
        .bind(BATCH)
        .fetch_all(pool)
        .await?;
        if ids.is_empty() {
            return Ok(count);
        }
        let orders: HashMap<Uuid, StoredOrder> = store::load_all(pool, &ids).await?;
        let mut filed = Vec::new();
        for order in orders.values() {
            match Filed::of(vault, &CarriedOut::ended(order, order.updated_at)) {
                Ok(outcome) => filed.push(outcome),
                Err(error) => tracing::error!(%error, order.id = %order.id, "an approved order cannot be archived"),
            }
        }
        let mut tx = pool.begin().await?;
        apply(&mut tx, vault, &filed).await?;
        // Those that cannot be read are not tried again.
        sqlx::query(
            "insert into archive_orders (order_id, applied_at) select unnest($1::uuid[]), now() on conflict do nothing",
        )
        .bind(&ids)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        count += filed.len();
    }
}

/// Enters the domains of APPs that have none in the archive; tells how many APPs had some.
pub async fn enter_domains_of_apps(pool: &PgPool, vault: &Vault) -> Result<usize, ArchiveError> {
    let mut count = 0;
    let mut after = Uuid::nil();
    loop {
        let apps = lookup::apps_without_domains(pool, after, BATCH).await?;
        let Some(last) = apps.last() else { return Ok(count) };
        after = last.id;
        let mut outcomes = Outcomes::new(vault);
        for app in &apps {
            let traits = app.open(vault, &[])?.map(|service| Traits::of(&service));
            outcomes.traits.extend(traits.filter(|traits| !traits.domains.is_empty()).map(|traits| (app.id, traits)));
        }
        count += outcomes.traits.len();
        let mut tx = pool.begin().await?;
        super::store::write(&mut tx, &outcomes).await?;
        tx.commit().await?;
    }
}

/// Enters the names of units that have none in the archive; tells how many units were named.
pub async fn enter_names_of_units(pool: &PgPool, vault: &Vault) -> Result<usize, ArchiveError> {
    let (mut count, mut after) = (0, Uuid::nil());
    loop {
        let units = lookup::units_without_name(pool, after, BATCH).await?;
        let Some(last) = units.last() else { return Ok(count) };
        after = last.id;
        let mut named = Vec::new();
        for unit in &units {
            match unit.open(vault) {
                Ok(organiser) => named.extend(organiser.as_ref().and_then(unit_name).map(|name| (unit.id, name))),
                Err(error) => tracing::error!(%error, record = unit.number, "a record cannot be read"),
            }
        }
        super::store::name_units(pool, &named).await?;
        count += named.len();
    }
}
