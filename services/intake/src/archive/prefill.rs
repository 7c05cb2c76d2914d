//! The content of an order about what is on record: nobody types again what the archive knows.

use icp_domain::{Cancellation, Filing, OrderType, Part, Province};
use icp_kit::Vault;
use sqlx::PgPool;

use super::ArchiveError;
use super::lookup::{self, OrganiserFound, ServiceFound};
use super::record::number_key;
use crate::api::problem::FieldError;
use crate::registered::RegisteredEnterprise;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Type of the order to be.
    pub order_type: OrderType,
    /// The organiser on record; for a migration, the one that takes the services over.
    pub organiser_number: String,
    /// The services that the order is about, where its type is about services on record.
    pub service_numbers: Vec<String>,
    /// Why a record is cancelled, for cancellations.
    pub cancellation: Option<Cancellation>,
}

/// Where a part of a prefilled filing comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The archive.
    Record,
    /// An earlier order.
    Order,
    /// The register of enterprises, as it answered about an earlier order.
    Register,
    /// The question itself.
    Request,
    /// Nowhere: the applicant writes it.
    LeftOut,
}

/// A filing to begin with.
#[derive(Debug)]
pub struct Prefilled {
    /// The filing.
    pub filing: Filing,
    /// Where each part comes from, by its path.
    pub origins: Vec<(&'static str, Origin)>,
}

impl Prefilled {
    /// Takes what is registered of the organiser, where the order brings its data; what is on record stays as it is.
    pub fn with_registered(mut self, registered: &RegisteredEnterprise) -> Self {
        if self.filing.order_type.description().organiser.brings_data() {
            let filled = registered.fill(&mut self.filing.organiser);
            self.origins.extend(filled.into_iter().map(|field| (field, Origin::Register)));
        }
        self
    }

    /// The origins as a header tells them, e.g. `organiser=record, services=left-out`.
    pub fn told(&self) -> String {
        let told = self.origins.iter().map(|(path, origin)| {
            let origin = match origin {
                Origin::Record => "record",
                Origin::Order => "order",
                Origin::Register => "register",
                Origin::Request => "request",
                Origin::LeftOut => "left-out",
            };
            format!("{path}={origin}")
        });
        told.collect::<Vec<_>>().join(", ")
    }
}

/// Why there is no filing to give.
#[derive(Debug, thiserror::Error)]
pub enum PrefillError {
    /// What was asked for does not fit.
    #[error("the question does not fit what is on record")]
    Fields(Vec<FieldError>),
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// The filing for an order of this type, from a record that one of `accounts` holds.
///
/// Services that an order adds are for the applicant to write: the answer holds none of them.
pub async fn prefill(
    pool: &PgPool,
    vault: &Vault,
    accounts: &[String],
    wanted: &Wanted,
) -> Result<Prefilled, PrefillError> {
    let description = wanted.order_type.description();
    if !description.organiser.is_here() {
        return Err(refused(
            "order_type",
            "is about an organiser that is not on record here",
            "write the filing of this order type in full",
        ));
    }
    let names_services = description.services.is_here();
    let count = wanted.service_numbers.len();
    if names_services && (count == 0 || count > description.max_services) {
        let remedy = format!("name 1 to {} services of this organiser", description.max_services);
        return Err(refused("service_numbers", &format!("holds {count} numbers"), &remedy));
    }
    if !names_services && count > 0 {
        return Err(refused("service_numbers", "is not asked for by this order type", "leave it out"));
    }
    let organiser = lookup::organiser(pool, &wanted.organiser_number).await.map_err(ArchiveError::from)?;
    let is_held = |organiser: &OrganiserFound| organiser.account.as_ref().is_some_and(|own| accounts.contains(own));
    let organiser =
        organiser.filter(|organiser| is_held(organiser) && organiser.status == "filed").ok_or_else(|| {
            refused("organiser_number", "is not on record in your account", "see GET /v1/archive/services")
        })?;
    let found = lookup::services(pool, &wanted.service_numbers).await.map_err(ArchiveError::from)?;
    let services = in_sequence(wanted, &organiser, found)?;
    let ids: Vec<_> = services.iter().map(|service| service.id).collect();
    let accesses = lookup::accesses(pool, &ids).await.map_err(ArchiveError::from)?;
    let content = organiser.open(vault)?.ok_or_else(|| bare("organiser_number"))?;
    let mut contents = Vec::with_capacity(services.len());
    for (index, service) in services.iter().enumerate() {
        let content = service.open(vault, &accesses)?;
        contents.push(content.ok_or_else(|| bare(&format!("service_numbers[{index}]")))?);
    }
    let province = Province::parse(&organiser.province)
        .ok_or_else(|| refused("organiser_number", "is on record in an unknown province", "ask the operator"))?;
    let mut origins = vec![("organiser", Origin::Record)];
    if description.max_services > 0 {
        origins.push(("services", if names_services { Origin::Record } else { Origin::LeftOut }));
    }
    origins.extend(wanted.cancellation.as_ref().map(|_| ("cancellation", Origin::Request)));
    let filing = Filing {
        order_type: wanted.order_type,
        province,
        organiser: content,
        services: contents,
        cancellation: wanted.cancellation.clone(),
    };
    Ok(Prefilled { filing, origins })
}

/// The services in the sequence in which they were asked for, every one that is not there named.
fn in_sequence(
    wanted: &Wanted,
    organiser: &OrganiserFound,
    found: Vec<ServiceFound>,
) -> Result<Vec<ServiceFound>, PrefillError> {
    let mut errors = Vec::new();
    let mut services = Vec::new();
    for (index, number) in wanted.service_numbers.iter().enumerate() {
        let key = number_key(number);
        let moves_here = wanted.order_type.description().services == Part::Moved;
        let fits = |service: &&ServiceFound| {
            number_key(&service.number) == key
                && service.account == organiser.account
                && service.status == "filed"
                && (service.organiser_id == organiser.id) != moves_here
        };
        match found.iter().find(fits) {
            Some(service) => services.push(service.clone()),
            None => errors.push(FieldError::new(
                format!("service_numbers[{index}]"),
                if moves_here {
                    "is not on record with another organiser of your account"
                } else {
                    "is not on record with this organiser"
                },
                "see GET /v1/archive/services for the numbers",
            )),
        }
    }
    if errors.is_empty() { Ok(services) } else { Err(PrefillError::Fields(errors)) }
}

fn refused(field: &str, reason: &str, remedy: &str) -> PrefillError {
    PrefillError::Fields(vec![FieldError::new(field, reason, remedy)])
}

fn bare(field: &str) -> PrefillError {
    refused(field, "is on record by its number only", "write the filing in full; the archive does not hold its data")
}
