//! What is on record through this provider, asked by number, certificate or domain. The one place outside the archive
//! that reads it. Each function answers many questions at once, one list per question.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgPool, Row as _};

/// An organiser on record here.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OrganiserOnRecord {
    /// Its filing number.
    pub number: String,
    /// Account that holds the record; absent where nobody has claimed it.
    pub account: Option<String>,
    /// Services on record here.
    pub services: i64,
    /// Domains of these.
    pub domains: i64,
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

/// Organisers by number, printed form.
pub async fn by_number(pool: &PgPool, numbers: &[String]) -> Result<Vec<Vec<OrganiserOnRecord>>, sqlx::Error> {
    let query = sqlx::query(include_str!("../queries/on_record_by_number.sql"));
    by_question(&query.bind(numbers).fetch_all(pool).await?, numbers.len())
}

/// Organisers by the blind index of their certificate number; more than one is a fault of the record.
pub async fn by_certificate(pool: &PgPool, indexes: &[Vec<u8>]) -> Result<Vec<Vec<OrganiserOnRecord>>, sqlx::Error> {
    let query = sqlx::query(include_str!("../queries/on_record_by_certificate.sql"));
    by_question(&query.bind(indexes).fetch_all(pool).await?, indexes.len())
}

/// Services by domain, A-label form.
pub async fn by_domain(pool: &PgPool, domains: &[String]) -> Result<Vec<Vec<ServiceOnRecord>>, sqlx::Error> {
    let query = sqlx::query(include_str!("../queries/on_record_by_domain.sql"));
    by_question(&query.bind(domains).fetch_all(pool).await?, domains.len())
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
