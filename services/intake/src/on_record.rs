//! What is on record through this provider, asked by number, certificate or domain. The one place outside the archive
//! that reads it.

use sqlx::PgPool;

/// An organiser on record here.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OrganiserOnRecord {
    /// Its filing number.
    pub number: String,
    /// Account that holds the record; absent where nobody has claimed it.
    pub account: Option<String>,
    /// Services on record here.
    pub services: i64,
}

/// A service on record here.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ServiceOnRecord {
    /// The domain that was asked for, A-label form.
    pub domain: String,
    /// Number of the service.
    pub service_number: String,
    /// Number of its organiser.
    pub organiser_number: String,
}

/// Organisers by number.
pub async fn organisers(pool: &PgPool, numbers: &[String]) -> Result<Vec<OrganiserOnRecord>, sqlx::Error> {
    sqlx::query_as(include_str!("../queries/on_record_by_number.sql")).bind(numbers).fetch_all(pool).await
}

/// Organisers by the blind index of their certificate number; more than one is a fault of the record.
pub async fn organisers_by_certificate(pool: &PgPool, index: &[u8]) -> Result<Vec<OrganiserOnRecord>, sqlx::Error> {
    sqlx::query_as(include_str!("../queries/on_record_by_certificate.sql")).bind(index).fetch_all(pool).await
}

/// Services by domain, A-label form.
pub async fn services_by_domain(pool: &PgPool, domains: &[String]) -> Result<Vec<ServiceOnRecord>, sqlx::Error> {
    sqlx::query_as(include_str!("../queries/on_record_by_domain.sql")).bind(domains).fetch_all(pool).await
}
