//! Lists of services and of organisers, by what they are found by. Pages go by name and number, or by number, and stay fast
//! however long the list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use icp_domain::ServiceKind;
use icp_domain::names::DomainName;
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, Postgres, QueryBuilder};
use utoipa::ToSchema;

use super::record::{name_key, number_key};
use crate::paging::last_of_full;

/// What a list is narrowed to; everything that is given must fit.
#[derive(Debug, Default)]
pub struct Search {
    /// Only these accounts' records.
    pub accounts: Option<Vec<String>>,
    /// Number of a service, or of an organiser for all of its services; former numbers too.
    pub number: Option<String>,
    /// A domain: services that have it, names below it, or the registrable domain above it.
    pub domain: Option<DomainName>,
    /// Package or bundle id of an app.
    pub app: Option<String>,
    /// Beginning of the service's name.
    pub name: Option<String>,
    /// Keyed digest of the organiser's certificate number.
    pub certificate_index: Option<Vec<u8>>,
    /// Letters of the province.
    pub province: Option<String>,
    /// Only what follows this place.
    pub after: Option<Cursor>,
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub(super) String, pub(super) String);

impl Cursor {
    /// As it stands in an answer and a query.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// From its text; none when an answer never held it.
    pub fn parse(text: &str) -> Option<Self> {
        let cursor: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        // Postgres takes no text that holds this character.
        (!cursor.0.contains('\0') && !cursor.1.contains('\0')).then_some(cursor)
    }
}

/// A service in a list.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
#[schema(as = ServiceListed)]
pub struct Listed {
    /// Filing number.
    pub number: String,
    /// The organiser's filing number.
    pub organiser_number: String,
    /// What kind it is.
    #[schema(value_type = ServiceKind)]
    pub kind: String,
    /// Name.
    pub name: String,
    #[serde(skip)]
    name_key: String,
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
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
}

/// What a list of organisers is narrowed to; everything that is given must fit.
#[derive(Debug, Default)]
pub struct OrganiserSearch {
    /// Only these accounts' records.
    pub accounts: Option<Vec<String>>,
    /// Number, also a former one.
    pub number: Option<String>,
    /// Keyed digest of the certificate number.
    pub certificate_index: Option<Vec<u8>>,
    /// Beginning of a unit's name; then the list goes by name.
    pub name: Option<String>,
    /// Letters of the province.
    pub province: Option<String>,
    /// Only what follows this place.
    pub after: Option<Cursor>,
}

/// An organiser in a list.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct OrganiserListed {
    /// Filing number.
    pub number: String,
    /// Name of a unit; null for persons, whose name is shown with the record alone, and where only the number is known.
    pub name: Option<String>,
    #[serde(skip)]
    name_key: Option<String>,
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
    /// Services of it that are on record here; none of a shell (空壳主体), or where all stand at other providers.
    pub services: i64,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// A page of organisers, and the place where the next one begins.
pub async fn organisers(
    pool: &PgPool,
    search: &OrganiserSearch,
    limit: i64,
) -> Result<(Vec<OrganiserListed>, Option<Cursor>), sqlx::Error> {
    let rows: Vec<OrganiserListed> = organisers_statement(search, limit).build_query_as().fetch_all(pool).await?;
    let place = |last: &OrganiserListed| Cursor(last.name_key.clone().unwrap_or_default(), last.number.clone());
    let next = last_of_full(&rows, limit).map(place);
    Ok((rows, next))
}

fn organisers_statement(search: &OrganiserSearch, limit: i64) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(
        "select number, name, name_key, province, nature, status, account, shares_certificate, filed_at, updated_at, \
         (select count(*) from archive_services where organiser_id = archive_organisers.id and status = 'filed') \
         as services from archive_organisers where true",
    );
    match search.accounts.as_deref() {
        None => {}
        Some([account]) => drop(query.push(" and account = ").push_bind(account.clone())),
        Some(accounts) => drop(query.push(" and account = any(").push_bind(accounts.to_vec()).push(")")),
    }
    if let Some(province) = &search.province {
        query.push(" and province = ").push_bind(province.clone());
    }
    if let Some(number) = &search.number {
        query
            .push(" and id = any(array(select record_id from archive_numbers where not is_service and key = ")
            .push_bind(number_key(number))
            .push("))");
    }
    if let Some(index) = &search.certificate_index {
        query.push(" and certificate_index = ").push_bind(index.clone());
    }
    if let Some(name) = &search.name {
        push_beginning(&mut query, "name_key", name);
    }
    match (&search.after, &search.name) {
        (None, _) => {}
        (Some(Cursor(_, number)), None) => drop(query.push(" and number > ").push_bind(number.clone())),
        (Some(cursor), Some(_)) => push_after(&mut query, "name_key, number", cursor),
    }
    let sequence = if search.name.is_some() { "name_key, number" } else { "number" };
    query.push(format!(" order by {sequence} limit ")).push_bind(limit);
    query
}

fn push_beginning(query: &mut QueryBuilder<Postgres>, column: &str, name: &str) {
    let beginning = name_key(name);
    let end = format!("{beginning}\u{10FFFF}");
    query.push(format!(" and {column} >= ")).push_bind(beginning).push(format!(" and {column} < ")).push_bind(end);
}

fn push_after(query: &mut QueryBuilder<Postgres>, columns: &str, Cursor(name, number): &Cursor) {
    query.push(format!(" and ({columns}) > (")).push_bind(name.clone());
    query.push(", ").push_bind(number.clone()).push(")");
}

/// A page, and the place where the next one begins.
pub async fn services(
    pool: &PgPool,
    search: &Search,
    limit: i64,
) -> Result<(Vec<Listed>, Option<Cursor>), sqlx::Error> {
    let rows: Vec<Listed> = statement(search, limit).build_query_as().fetch_all(pool).await?;
    let next = last_of_full(&rows, limit).map(|last| Cursor(last.name_key.clone(), last.number.clone()));
    Ok((rows, next))
}

/// Criteria that few services fit are an array of ids, so that the list is taken from them and not the other way
/// round; the others go along an index in the sequence of the list.
fn statement(search: &Search, limit: i64) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(
        "select service.number, organiser.number as organiser_number, service.kind, service.name, service.name_key, \
         service.province, service.status, service.is_connected, service.account, service.filed_at, \
         array(select domain from archive_domains where service_id = service.id order by domain) as domains \
         from archive_services service join archive_organisers organiser on organiser.id = service.organiser_id \
         where true",
    );
    match search.accounts.as_deref() {
        None => {}
        // Equality lets the list go along the index of the account, in its sequence.
        Some([account]) => drop(query.push(" and service.account = ").push_bind(account.clone())),
        Some(accounts) => drop(query.push(" and service.account = any(").push_bind(accounts.to_vec()).push(")")),
    }
    if let Some(province) = &search.province {
        query.push(" and service.province = ").push_bind(province.clone());
    }
    if let Some(number) = &search.number {
        query
            .push(
                " and service.id = any(array(select coalesce(under.id, given.record_id) from archive_numbers given \
                 left join archive_services under on not given.is_service and under.organiser_id = given.record_id \
                 where given.key = ",
            )
            .push_bind(number_key(number))
            .push("))");
    }
    if let Some(domain) = &search.domain {
        let (ascii, registrable) = (domain.ascii().to_owned(), domain.registrable().ascii().to_owned());
        query
            .push(" and service.id = any(array(select service_id from archive_domains where registrable = ")
            .push_bind(registrable.clone())
            .push(" and (domain in (")
            .push_bind(ascii.clone())
            .push(", ")
            .push_bind(registrable)
            .push(") or right(domain, ")
            .push_bind(i32::try_from(ascii.len() + 1).unwrap_or(i32::MAX))
            .push(") = ")
            .push_bind(format!(".{ascii}"))
            .push(")))");
    }
    if let Some(package) = &search.app {
        query
            .push(" and service.id = any(array(select service_id from archive_apps where package = ")
            .push_bind(package.clone())
            .push("))");
    }
    if let Some(index) = &search.certificate_index {
        query
            .push(
                " and service.id = any(array(select held.id from archive_organisers holder \
                 join archive_services held on held.organiser_id = holder.id where holder.certificate_index = ",
            )
            .push_bind(index.clone())
            .push("))");
    }
    if let Some(name) = &search.name {
        push_beginning(&mut query, "service.name_key", name);
    }
    if let Some(cursor) = &search.after {
        push_after(&mut query, "service.name_key, service.number", cursor);
    }
    query.push(" order by service.name_key, service.number limit ").push_bind(limit);
    query
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nonsense_does_not() {
        let cursor = Cursor("示例\"".to_owned(), "粤ICP备2021000001号-1".to_owned());
        assert_eq!(Cursor::parse(&cursor.to_text()), Some(cursor));
        let nul = Cursor("\0".to_owned(), String::new()).to_text();
        for bad in ["", "x", "W10", "!!", &nul] {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }
}
