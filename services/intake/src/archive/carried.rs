//! The services that the bureau is told again when their organiser changes: interface V3.0 has one change, of an
//! organiser together with services of its record. Where its bureau speaks V5.0 the relay writes none of them.

use icp_domain::{BureauOperation, Filing};
use icp_kit::Vault;
use sqlx::PgPool;

use super::ArchiveError;
use super::lookup;

/// Services in one record of the interface at most.
const SERVICES_MAX: i64 = 64;

/// The filing as the bureau is told of it: a change of the organiser alone with the services that it has here.
pub async fn with_services(pool: &PgPool, vault: &Vault, filing: &Filing) -> Result<Filing, ArchiveError> {
    let mut reported = filing.clone();
    if filing.order_type.description().bureau != Some(BureauOperation::ChangeOrganiser) {
        return Ok(reported);
    }
    let number = filing.organiser.number.as_deref().unwrap_or_default();
    let Some(organiser) = lookup::organiser(pool, number).await? else { return Ok(reported) };
    let found = lookup::connected_services(pool, organiser.id, SERVICES_MAX).await?;
    let ids: Vec<_> = found.iter().map(|service| service.id).collect();
    let accesses = lookup::accesses(pool, &ids).await?;
    for service in found {
        reported.services.extend(service.open(vault, &accesses)?);
    }
    Ok(reported)
}
