//! What requests read before they are decided: those that come at the same time share a query.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use icp_bus::Bus;
use icp_kit::Gather;
use sqlx::PgPool;
use uuid::Uuid;

use crate::access::api_keys::{self, ApiKey};
use crate::access::resellers;
use crate::archive::lookup::ServiceFound;
use crate::archive::record_found::{self, RecordFound};
use crate::materials::store::{self as materials_store, MaterialRow};
use crate::store::{self, StoredOrder};

/// What was read; an error is shared by all who asked together.
pub type Answer<A> = Result<A, Arc<sqlx::Error>>;

/// Reads orders and what belongs to them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reads {
    orders: Gather<Uuid, Answer<Option<StoredOrder>>>,
    materials: Gather<Uuid, Answer<Vec<MaterialRow>>>,
    in_flight: Gather<(Vec<u8>, Uuid), Answer<i64>>,
    domain_in_flight: Gather<(String, Vec<u8>), Answer<bool>>,
    by_number: Gather<String, Answer<Vec<RecordFound>>>,
    by_certificate: Gather<Vec<u8>, Answer<Vec<RecordFound>>>,
    by_domain: Gather<String, Answer<Vec<ServiceFound>>>,
    by_service_number: Gather<String, Answer<Vec<ServiceFound>>>,
    api_keys: Gather<Uuid, Answer<Option<ApiKey>>>,
    reseller_accounts: Gather<(String, DateTime<Utc>), Answer<Vec<String>>>,
}

impl Reads {
    /// Starts the parts that read.
    pub fn start(bus: &Bus) -> Self {
        Self {
            orders: gather(bus, |pool, ids: Vec<Uuid>| async move {
                let found = store::load_all(&pool, &ids).await?;
                Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
            }),
            materials: gather(bus, |pool, ids: Vec<Uuid>| async move {
                let found = materials_store::of_all(&pool, &ids).await?;
                Ok(ids.iter().map(|id| found.get(id).cloned().unwrap_or_default()).collect())
            }),
            in_flight: gather(bus, |pool, asked: Vec<(Vec<u8>, Uuid)>| async move {
                store::count_in_flight(&pool, &asked).await
            }),
            domain_in_flight: gather(bus, |pool, asked: Vec<(String, Vec<u8>)>| async move {
                store::are_domains_in_flight(&pool, &asked).await
            }),
            by_number: gather(bus, |pool, numbers: Vec<String>| async move {
                record_found::by_number(&pool, &numbers).await
            }),
            by_certificate: gather(bus, |pool, indexes: Vec<Vec<u8>>| async move {
                record_found::by_certificate(&pool, &indexes).await
            }),
            by_domain: gather(bus, |pool, domains: Vec<String>| async move {
                record_found::by_domain(&pool, &domains).await
            }),
            by_service_number: gather(bus, |pool, numbers: Vec<String>| async move {
                record_found::by_service_number(&pool, &numbers).await
            }),
            api_keys: gather(bus, |pool, ids: Vec<Uuid>| async move {
                let found = api_keys::load_all(&pool, &ids).await?;
                let found: HashMap<Uuid, ApiKey> = found.into_iter().map(|key| (key.id, key)).collect();
                Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
            }),
            reseller_accounts: gather(bus, |pool, asked: Vec<(String, DateTime<Utc>)>| async move {
                let Some(now) = asked.iter().map(|(_, now)| *now).max() else { return Ok(Vec::new()) };
                let resellers: Vec<String> = asked.iter().map(|(reseller, _)| reseller.clone()).collect();
                let mut accounts: HashMap<String, Vec<String>> = HashMap::new();
                for (reseller, account) in resellers::accounts_of_all(&pool, &resellers, now).await? {
                    accounts.entry(reseller).or_default().push(account);
                }
                Ok(resellers.iter().map(|reseller| accounts.get(reseller).cloned().unwrap_or_default()).collect())
            }),
        }
    }

    /// An order.
    pub async fn order(&self, id: Uuid) -> Answer<Option<StoredOrder>> {
        answered(self.orders.ask(id).await)
    }

    /// The materials of an order.
    pub async fn materials(&self, order_id: Uuid) -> Answer<Vec<MaterialRow>> {
        answered(self.materials.ask(order_id).await)
    }

    /// How many other orders of an organiser are in flight.
    pub async fn count_in_flight(&self, organiser_index: &[u8], except: Uuid) -> Answer<i64> {
        answered(self.in_flight.ask((organiser_index.to_vec(), except)).await)
    }

    /// Those of the domains, A-label form, that are in an order in flight of another organiser.
    pub async fn domains_in_flight(&self, domains: &[String], organiser_index: &[u8]) -> Answer<Vec<String>> {
        let asked = domains.iter().map(|domain| self.domain_in_flight.ask((domain.clone(), organiser_index.to_vec())));
        let mut in_flight = Vec::new();
        for (domain, answer) in domains.iter().zip(futures::future::join_all(asked).await) {
            if answered(answer)? {
                in_flight.push(domain.clone());
            }
        }
        Ok(in_flight)
    }
}

impl Reads {
    /// A key of a machine.
    pub async fn api_key(&self, id: Uuid) -> Answer<Option<ApiKey>> {
        answered(self.api_keys.ask(id).await)
    }

    /// The accounts of a reseller's customers.
    pub async fn reseller_accounts(&self, reseller: String, now: DateTime<Utc>) -> Answer<Vec<String>> {
        answered(self.reseller_accounts.ask((reseller, now)).await)
    }

    /// The organiser on record under a number, with its services.
    pub async fn organiser_by_number(&self, number: String) -> Answer<Option<RecordFound>> {
        Ok(answered(self.by_number.ask(number).await)?.into_iter().next())
    }

    /// Organisers on record with a certificate, by its blind index, with their services.
    pub async fn organisers_by_certificate(&self, index: &[u8]) -> Answer<Vec<RecordFound>> {
        answered(self.by_certificate.ask(index.to_vec()).await)
    }

    /// Services on record with one of these domains, A-label form.
    pub async fn services_by_domain(&self, domains: &[String]) -> Answer<Vec<ServiceFound>> {
        let asked = domains.iter().map(|domain| self.by_domain.ask(domain.clone()));
        let mut services = Vec::new();
        for answer in futures::future::join_all(asked).await {
            services.extend(answered(answer)?);
        }
        Ok(services)
    }

    /// The services under these numbers, also those that were taken off the record; each in the place of its number.
    pub async fn services_by_number(&self, numbers: Vec<Option<String>>) -> Answer<Vec<Option<ServiceFound>>> {
        futures::future::try_join_all(numbers.into_iter().map(|number| self.service_by_number(number))).await
    }

    async fn service_by_number(&self, number: Option<String>) -> Answer<Option<ServiceFound>> {
        match number {
            Some(number) => Ok(answered(self.by_service_number.ask(number).await)?.into_iter().next()),
            None => Ok(None),
        }
    }
}

fn answered<A>(answer: Option<Answer<A>>) -> Answer<A> {
    answer.unwrap_or_else(|| Err(Arc::new(sqlx::Error::PoolClosed)))
}

/// A place where questions of one kind gather, answered by one query.
fn gather<Q, A, F, Fut>(bus: &Bus, query: F) -> Gather<Q, Answer<A>>
where
    Q: Send + Sync + 'static,
    A: Send + 'static,
    F: Fn(PgPool, Vec<Q>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<A>, sqlx::Error>> + Send + 'static,
{
    let context = bus.context();
    let (gather, answering) = context.common.nats.gather();
    let (pool, shutdown) = (context.pool.clone(), context.shutdown.clone());
    context.spawn(answering.run(shutdown, move |asked: Vec<Q>| {
        let count = asked.len();
        let answers = query(pool.clone(), asked);
        async move {
            match answers.await {
                Ok(answers) => answers.into_iter().map(Ok).collect(),
                Err(error) => {
                    let error = Arc::new(error);
                    std::iter::repeat_with(|| Err(error.clone())).take(count).collect()
                }
            }
        }
    }));
    gather
}
