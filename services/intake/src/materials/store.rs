//! The SQL of materials and of uploads.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow as _, PgConnection, PgPool, Row as _};
use utoipa::ToSchema;
use uuid::Uuid;

use super::facts::MaterialFacts;
use crate::order::Event;
use crate::store::Change;

/// How a material stands with the virus scanner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Scan {
    /// There is no scanner.
    #[default]
    Off,
    /// Still to be scanned.
    Pending,
    /// Nothing was found.
    Clean,
    /// Something was found; its bytes are gone.
    Infected,
}

/// A stored material without its bytes.
#[derive(Debug, Clone, Default, sqlx::FromRow)]
pub struct MaterialRow {
    /// Text form of the kind.
    pub kind: String,
    /// Service that it belongs to.
    pub service_index: i32,
    /// Location in the object store.
    pub object: String,
    /// Key of the object, encrypted under the order's data key; empty when the bytes are gone.
    pub object_key: Vec<u8>,
    /// SHA-256 of the clear bytes.
    pub sha256: Vec<u8>,
    /// Media type, e.g. `image/jpeg`.
    pub media_type: String,
    /// Size of the clear file.
    pub size_bytes: i32,
    /// What was measured.
    #[sqlx(json)]
    pub facts: MaterialFacts,
    /// How it stands with the virus scanner.
    pub scan: Scan,
    /// Name of the virus.
    pub signature: Option<String>,
    /// When it came.
    pub uploaded_at: DateTime<Utc>,
}

/// A material that another one has replaced; it is kept until the order ends.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ReplacedMaterial {
    /// What it was.
    #[sqlx(flatten)]
    pub row: MaterialRow,
    /// Since when another one is in its place.
    pub replaced_at: DateTime<Utc>,
}

/// A material to be stored with the order.
#[derive(Debug, Clone)]
pub struct PutMaterial {
    /// The material.
    pub row: MaterialRow,
    /// The upload that it came by, which ends with it.
    pub upload: Option<Uuid>,
}

/// Adds or replaces materials, one per order; what they replace is kept, and their uploads end.
pub async fn put(connection: &mut PgConnection, materials: &[(Uuid, &PutMaterial)]) -> Result<(), sqlx::Error> {
    fn all<'a, T>(materials: &[(Uuid, &'a PutMaterial)], of: impl Fn(&'a MaterialRow) -> T) -> Vec<T> {
        materials.iter().map(|(_, put)| of(&put.row)).collect()
    }
    sqlx::query(include_str!("../../queries/materials/put.sql"))
        .bind(materials.iter().map(|(order, _)| *order).collect::<Vec<_>>())
        .bind(all(materials, |row| row.kind.as_str()))
        .bind(all(materials, |row| row.service_index))
        .bind(all(materials, |row| row.object.as_str()))
        .bind(all(materials, |row| row.object_key.as_slice()))
        .bind(all(materials, |row| row.sha256.as_slice()))
        .bind(all(materials, |row| row.media_type.as_str()))
        .bind(all(materials, |row| row.size_bytes))
        .bind(all(materials, |row| sqlx::types::Json(&row.facts)))
        .bind(all(materials, |row| scan_text(row.scan)))
        .bind(all(materials, |row| row.uploaded_at))
        .bind(materials.iter().map(|(_, put)| put.upload).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
}

/// What is taken out of an order.
#[derive(Debug, Clone)]
pub struct Removal<'a> {
    /// The order.
    pub order_id: Uuid,
    /// Kind of the material; absent: every material of the services from `service_index` on.
    pub kind: Option<&'a str>,
    /// Its service.
    pub service_index: i32,
    /// When.
    pub at: DateTime<Utc>,
}

impl<'a> Removal<'a> {
    /// What a transition takes out: a material that is taken back, those of services that are no longer declared.
    pub fn of(change: &'a Change) -> impl Iterator<Item = Self> {
        let (order_id, at) = (change.id, change.at);
        let taken_back = change.events.iter().filter_map(move |event| match event {
            Event::Amended { material: Some(taken) } if taken.removed => {
                let service_index = i32::try_from(taken.service).unwrap_or(i32::MAX);
                Some(Self { order_id, kind: Some(&taken.kind), service_index, at })
            }
            _ => None,
        });
        // The organiser's materials are counted with the first service, also where the order names none.
        let undeclared = change.content.as_ref().map(move |content| content.services.max(1));
        taken_back.chain(undeclared.map(move |service_index| Self { order_id, kind: None, service_index, at }))
    }
}

/// Takes materials out of orders; they are kept as replaced ones until the order ends.
pub async fn remove(connection: &mut PgConnection, removals: &[Removal<'_>]) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/materials/remove.sql"))
        .bind(removals.iter().map(|removal| removal.order_id).collect::<Vec<_>>())
        .bind(removals.iter().map(|removal| removal.kind).collect::<Vec<_>>())
        .bind(removals.iter().map(|removal| removal.service_index).collect::<Vec<_>>())
        .bind(removals.iter().map(|removal| removal.at).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
}

fn scan_text(scan: Scan) -> &'static str {
    match scan {
        Scan::Off => "off",
        Scan::Pending => "pending",
        Scan::Clean => "clean",
        Scan::Infected => "infected",
    }
}

/// The materials of orders.
pub async fn of_all(pool: &PgPool, order_ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<MaterialRow>>, sqlx::Error> {
    let rows =
        sqlx::query(include_str!("../../queries/materials/of_orders.sql")).bind(order_ids).fetch_all(pool).await?;
    let mut materials: HashMap<Uuid, Vec<MaterialRow>> = HashMap::new();
    for row in &rows {
        materials.entry(row.try_get("order_id")?).or_default().push(MaterialRow::from_row(row)?);
    }
    Ok(materials)
}

/// Materials of an order that others have replaced, oldest first.
pub async fn replaced(pool: &PgPool, order_id: Uuid) -> Result<Vec<ReplacedMaterial>, sqlx::Error> {
    sqlx::query_as(
        "select kind, service_index, object, object_key, sha256, media_type, size_bytes, facts, scan, signature, \
         uploaded_at, replaced_at from replaced_materials where order_id = $1 order by replaced_at, object",
    )
    .bind(order_id)
    .fetch_all(pool)
    .await
}

/// A material that is still to be scanned.
#[derive(Debug, sqlx::FromRow)]
pub struct Unscanned {
    /// Its order.
    pub order_id: Uuid,
    /// Location in the object store.
    pub object: String,
    /// Key of the object, encrypted under the order's data key.
    pub object_key: Vec<u8>,
    /// The order's data key, wrapped.
    pub data_key: Vec<u8>,
}

/// Materials that are still to be scanned, the oldest first.
pub async fn unscanned(pool: &PgPool, limit: i64) -> Result<Vec<Unscanned>, sqlx::Error> {
    sqlx::query_as(include_str!("../../queries/materials/unscanned.sql")).bind(limit).fetch_all(pool).await
}

/// Notes what the scanner said; the key of an infected material is erased and an entry of the audit trail written.
pub async fn note_scan(
    pool: &PgPool,
    object: &str,
    signature: Option<&str>,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/materials/note_scan.sql"))
        .bind(object)
        .bind(signature)
        .bind(at)
        .bind(crate::NAME)
        .execute(pool)
        .await
        .map(drop)
}

/// Nobody scans any more: what waits for it does not wait.
pub async fn scan_nothing(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("update materials set scan = 'off' where scan = 'pending'").execute(pool).await?;
    sqlx::query("update replaced_materials set scan = 'off' where scan = 'pending'").execute(pool).await.map(drop)
}

/// Locations of infected materials whose bytes are still in the object store.
pub async fn infected(pool: &PgPool, limit: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(include_str!("../../queries/materials/infected.sql")).bind(limit).fetch_all(pool).await
}

/// The bytes of infected materials are gone.
pub async fn note_erased(pool: &PgPool, objects: &[String], at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/materials/note_erased.sql"))
        .bind(objects)
        .bind(at)
        .execute(pool)
        .await
        .map(drop)
}

/// Locations of replaced materials whose orders have ended.
pub async fn outlived(pool: &PgPool, limit: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(include_str!("../../queries/materials/outlived.sql")).bind(limit).fetch_all(pool).await
}

/// Forgets replaced materials.
pub async fn forget_replaced(pool: &PgPool, objects: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from replaced_materials where object = any($1)").bind(objects).execute(pool).await.map(drop)
}
