//! What the register of enterprises says of an order's organiser: as it was told about the last attempt, encrypted
//! under the order's data key. Filings begin with it, and what the order declares is held against it.

use std::collections::HashMap;

use icp_domain::Organiser;
use icp_domain::names::{comparable_name, is_same_name};
use icp_kit::DataKey;
use icp_kit::vault::VaultError;
use icp_proto::authority::EnterpriseRecord;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::store::StoredOrder;

const NAME: &str = "organiser.name";
const ADDRESS: &str = "organiser.certificate.address";

/// An enterprise as it is registered. Personal data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredEnterprise {
    /// The number that the register was asked about.
    pub certificate_number: String,
    /// Registered name.
    pub name: String,
    /// Registered address; empty where not told.
    pub address: String,
}

impl std::fmt::Debug for RegisteredEnterprise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisteredEnterprise").finish_non_exhaustive()
    }
}

impl From<EnterpriseRecord> for RegisteredEnterprise {
    fn from(record: EnterpriseRecord) -> Self {
        Self { certificate_number: record.certificate_number, name: record.name, address: record.address }
    }
}

impl RegisteredEnterprise {
    /// Puts what is registered into the fields of the organiser; tells which. An organiser with another certificate
    /// stays as it is.
    pub fn fill(&self, organiser: &mut Organiser) -> Vec<&'static str> {
        let mut filled = Vec::new();
        if !self.is_about(organiser) {
            return filled;
        }
        if !self.name.is_empty() {
            organiser.name.clone_from(&self.name);
            filled.push(NAME);
        }
        if !self.address.is_empty() {
            organiser.certificate.address = Some(self.address.clone());
            filled.push(ADDRESS);
        }
        filled
    }

    /// Fields of the organiser that say something else than the register, with what it says: `(field, value)`.
    pub fn differences(&self, organiser: &Organiser) -> Vec<(String, String)> {
        if !self.is_about(organiser) {
            return Vec::new();
        }
        let address = organiser.certificate.address.as_deref().unwrap_or_default();
        [(NAME, organiser.name.as_str(), &self.name), (ADDRESS, address, &self.address)]
            .into_iter()
            .filter(|(_, declared, registered)| {
                !declared.is_empty() && !registered.is_empty() && !is_same_name(declared, registered)
            })
            .map(|(field, _, registered)| (field.to_owned(), registered.clone()))
            .collect()
    }

    fn is_about(&self, organiser: &Organiser) -> bool {
        let declared = comparable_name(&organiser.certificate.number);
        declared.eq_ignore_ascii_case(&comparable_name(&self.certificate_number))
    }

    /// Encrypts it for an order.
    pub fn lock(&self, key: &DataKey, order_id: Uuid) -> Result<Vec<u8>, VaultError> {
        let clear = serde_json::to_vec(self).map_err(|_| VaultError::Broken)?;
        key.encrypt(&place(order_id), &clear)
    }

    fn unlock(key: &DataKey, order_id: Uuid, cipher: &[u8]) -> Result<Self, VaultError> {
        let clear = key.decrypt(&place(order_id), cipher)?;
        serde_json::from_slice(&clear).map_err(|_| VaultError::Broken)
    }
}

/// What a cipher is bound to: the order, and that it holds what is registered, not content.
fn place(order_id: Uuid) -> Vec<u8> {
    [order_id.as_bytes().as_slice(), b"registered"].concat()
}

/// Keeps what the register says of orders' organisers, encrypted, instead of what it said before; where it says
/// nothing, nothing.
pub async fn keep(connection: &mut PgConnection, told: &HashMap<Uuid, Option<Vec<u8>>>) -> Result<(), sqlx::Error> {
    let (orders, records): (Vec<Uuid>, Vec<Option<&[u8]>>) =
        told.iter().map(|(order, record)| (*order, record.as_deref())).unzip();
    sqlx::query(include_str!("../queries/keep_registered.sql")).bind(orders).bind(records).execute(connection).await?;
    Ok(())
}

async fn kept(pool: &PgPool, order_id: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar("select record from registered_enterprises where order_id = $1")
        .bind(order_id)
        .fetch_optional(pool)
        .await
}

impl Api {
    /// What the register of enterprises said of an order's organiser last.
    pub async fn registered(&self, stored: &StoredOrder) -> Result<Option<RegisteredEnterprise>, Problem> {
        let Some(cipher) = kept(&self.bus.context().pool, stored.id).await? else { return Ok(None) };
        Ok(Some(RegisteredEnterprise::unlock(&self.data_key(stored)?, stored.id, &cipher)?))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use icp_domain::Province;
    use icp_testkit::filings::company_filing;

    use super::*;

    fn organiser() -> Organiser {
        company_filing(Province::Guangdong, 1).organiser
    }

    fn registered() -> RegisteredEnterprise {
        RegisteredEnterprise {
            certificate_number: organiser().certificate.number,
            name: "示例（更名）有限公司".to_owned(),
            address: "示例路9号".to_owned(),
        }
    }

    #[test]
    fn what_is_registered_takes_the_place_of_what_was_declared() {
        let mut filled = organiser();
        filled.certificate.number = format!(" {}", filled.certificate.number.to_lowercase());
        assert_eq!(registered().fill(&mut filled), [NAME, ADDRESS]);
        assert_eq!(
            (filled.name.as_str(), filled.certificate.address.as_deref()),
            ("示例（更名）有限公司", Some("示例路9号"))
        );
        assert_eq!(registered().differences(&filled), []);

        let unknown = RegisteredEnterprise { address: String::new(), ..registered() };
        let mut filled = organiser();
        assert_eq!(unknown.fill(&mut filled), [NAME]);
        assert_eq!(filled.certificate.address, organiser().certificate.address);
    }

    #[test]
    fn only_what_is_another_name_or_address_differs() {
        let mut declared = organiser();
        declared.name = "示例 (更名) 有限公司".to_owned();
        assert_eq!(registered().differences(&declared), [(ADDRESS.to_owned(), "示例路9号".to_owned())]);
        declared.certificate.address = None;
        assert_eq!(registered().differences(&declared), []);
        declared.name = "示例别家有限公司".to_owned();
        assert_eq!(registered().differences(&declared), [(NAME.to_owned(), "示例（更名）有限公司".to_owned())]);
    }

    #[test]
    fn another_certificate_is_another_organiser() {
        let mut declared = company_filing(Province::Guangdong, 2).organiser;
        assert_eq!(registered().differences(&declared), []);
        assert!(registered().fill(&mut declared).is_empty());
        assert_eq!(declared, company_filing(Province::Guangdong, 2).organiser);
    }

    #[test]
    fn it_opens_for_its_order_alone() {
        let (key, order) = (DataKey::generate(), Uuid::now_v7());
        let locked = registered().lock(&key, order).unwrap();
        assert_eq!(RegisteredEnterprise::unlock(&key, order, &locked).unwrap(), registered());
        assert!(RegisteredEnterprise::unlock(&key, Uuid::now_v7(), &locked).is_err());
        assert!(RegisteredEnterprise::unlock(&DataKey::generate(), order, &locked).is_err());
        assert!(key.decrypt(order.as_bytes(), &locked).is_err(), "it is no content");
        assert!(!format!("{:?}", registered()).contains("示例"));
    }
}
