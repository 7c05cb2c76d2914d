//! An order of every type: what is on record with four organisers and their like, side by side, each order carried to
//! its end.
//!
//! The type is found where it can be: the determination is asked, and the order gets the type and the numbers that it
//! found. [`own`] is the life of a record, [`elsewhere`] are records of another provider, [`apps`] speaks interface V5.0,
//! [`accounts`] are orders that the bureau never sees.

mod accounts;
mod apps;
mod elsewhere;
mod own;

use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use icp_domain::{Filing, InternetService, OrderType};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::World;
use crate::client::Client;
use crate::orders::{self, OrderInput};
use crate::story::{Actors, Ended};

/// Carries an order of every type; tells each as it ends and answers all of them, by name.
pub async fn of_records(world: &World, actors: &Actors, tell: &(dyn Fn(String) + Sync)) -> anyhow::Result<Vec<Ended>> {
    let life = Life { world, actors, tell, ended: Mutex::default() };
    tokio::try_join!(own::record(&life), elsewhere::records(&life), apps::record(&life), accounts::record(&life))?;
    let mut ended = life.ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    ended.sort_by(|one, other| one.name.cmp(&other.name));
    for order_type in OrderType::ALL {
        let is_carried = ended.iter().any(|order| order.filing.order_type == order_type);
        ensure!(is_carried, "no order of type {} was carried", order_type.as_str());
    }
    tell(format!("{} orders of all {} types have their ends", ended.len(), OrderType::ALL.len()));
    Ok(ended)
}

/// The scene of all lines.
struct Life<'a> {
    world: &'a World,
    actors: &'a Actors,
    tell: &'a (dyn Fn(String) + Sync),
    ended: Mutex<Vec<Ended>>,
}

/// What a determination found.
struct Found {
    id: String,
    order_type: OrderType,
    organiser_number: Option<String>,
    service_number: Option<String>,
}

impl Found {
    /// The declared filing as an order of the type that was found, with the numbers on record.
    fn order(&self, declared: Filing) -> Filing {
        let mut filing = Filing { order_type: self.order_type, ..declared };
        filing.organiser.number.clone_from(&self.organiser_number);
        if let Some(service) = filing.services.first_mut() {
            service.number.clone_from(&self.service_number);
        }
        filing
    }
}

impl Life<'_> {
    fn tell(&self, line: String) {
        (self.tell)(line);
    }

    /// The registers know what these filings say.
    async fn register(&self, filings: &[&Filing]) -> anyhow::Result<()> {
        for (path, records) in orders::register_records(filings) {
            self.world.sandbox_post(path, records).await?;
        }
        Ok(())
    }

    /// The filing is on record at the bureau already, filed by this provider, or by another one; answers the numbers of
    /// the organiser and of the services.
    async fn seed(&self, filing: &Filing, provider: Option<u64>) -> anyhow::Result<(String, Vec<String>)> {
        let mut record = orders::bureau_record(filing);
        if let (Some(provider), Some(fields)) = (provider, record.as_object_mut()) {
            fields.insert("provider".to_owned(), json!(provider));
        }
        let seeded = self.world.sandbox_post("/bureau/records", record).await?;
        let services = seeded["service_numbers"].as_array().into_iter().flatten();
        Ok((text(&seeded["organiser_number"])?, services.map(text).collect::<anyhow::Result<_>>()?))
    }

    /// Asks of which type an order about this organiser and its first service must be.
    async fn find(&self, declared: &Filing) -> anyhow::Result<Found> {
        let found = self.actors.applicant.determine(&question(declared)).await?;
        ensure!(found["status"] == "determined", "the type of an order is not found: {found}");
        let order_type =
            found["order_type"].as_str().and_then(OrderType::parse).context("an unknown type was found")?;
        let number = |field: &str| found[field].as_str().map(str::to_owned);
        Ok(Found {
            id: text(&found["id"])?,
            order_type,
            organiser_number: number("organiser_number"),
            service_number: number("service_number"),
        })
    }

    /// The filing of an order about what is on record in the applicant's account.
    async fn prefill(&self, order_type: OrderType, organiser: &str, services: &[&str]) -> anyhow::Result<Filing> {
        let cancellation = order_type.description().is_cancellation().then(|| json!({"reason": 1}));
        let wanted = json!({
            "order_type": order_type,
            "organiser_number": organiser,
            "service_numbers": services,
            "cancellation": cancellation,
        });
        let answer = self.actors.applicant.json(Method::POST, "/v1/filings/prefill", None, &wanted).await?;
        Ok(serde_json::from_value(answer.ok().with_context(|| format!("{} is not prefilled", order_type.as_str()))?)?)
    }

    /// Carries an order whose type was found.
    async fn carry_found(&self, name: &str, what: &str, found: &Found, filing: Filing) -> anyhow::Result<Value> {
        let id = self.hand_in(&self.actors.applicant, &filing, Some(&found.id)).await?;
        let ended = self.actors.finish(&input(name, filing), id).await;
        self.keep(what, ended.with_context(|| what.to_owned())?)
    }

    /// Carries an order of a type that the applicant names.
    async fn carry(&self, name: &str, what: &str, filing: Filing) -> anyhow::Result<Value> {
        let id = self.hand_in(&self.actors.applicant, &filing, None).await?;
        let ended = self.actors.finish(&input(name, filing), id).await;
        self.keep(what, ended.with_context(|| what.to_owned())?)
    }

    /// Draft, the documents that its checklist misses, submission; answers the id.
    async fn hand_in(&self, client: &Client, filing: &Filing, determination: Option<&str>) -> anyhow::Result<String> {
        let id = client.create(filing, determination).await?;
        if filing.order_type.description().verifies_identity() {
            for (kind, service) in client.missing_documents(&id).await? {
                client.upload(&id, kind, service, orders::picture(kind, filing, service)).await?.ok()?;
            }
        }
        let (_, etag) = client.order(&id).await?;
        client.submit(&id, &etag).await?;
        Ok(id)
    }

    fn keep(&self, what: &str, ended: Ended) -> anyhow::Result<Value> {
        let description = ended.filing.order_type.description();
        self.tell(format!("{} ({}): {what}: {}", ended.name, description.name_zh, ended.summary));
        let order = ended.order.clone();
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(ended);
        Ok(order)
    }

    /// Under which number a domain may be served here; `None` when it must not.
    async fn served(&self, domain: &str) -> anyhow::Result<Option<String>> {
        let answer = self.actors.applicant.send(Method::GET, &format!("/v1/whitelist/{domain}"), None, None).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            _ => Ok(Some(text(&answer.ok()?["service_number"])?)),
        }
    }

    /// The domain has left the whitelist.
    async fn expect_not_served(&self, domain: &str) -> anyhow::Result<()> {
        let served = self.served(domain).await?;
        ensure!(served.is_none(), "{domain} may still be served under {served:?}");
        self.tell(format!("whitelist: {domain} may no longer be served"));
        Ok(())
    }
}

/// What decides the type of an order: province, nature, certificate, and the domain or the name of its first service.
fn question(declared: &Filing) -> Value {
    let organiser = &declared.organiser;
    let first = declared.services.first();
    let domain = first.and_then(|service| service.domains.first());
    json!({
        "province": declared.province,
        "nature": organiser.nature,
        "certificate": {"kind": organiser.certificate.kind, "number": organiser.certificate.number},
        "domain": domain,
        "app": first.filter(|_| domain.is_none()).map(|service| &service.name),
    })
}

fn input(name: &str, filing: Filing) -> OrderInput {
    OrderInput { name: name.to_owned(), filing, amended: None, materials: Vec::new() }
}

/// The filing with these services.
fn with_services(filing: &Filing, services: Vec<InternetService>) -> Filing {
    Filing { services, ..filing.clone() }
}

/// The website of another generated company as one of this company's own.
fn own_website(owner: &Filing, other: u32) -> anyhow::Result<InternetService> {
    let own = first_service(owner)?;
    let other = orders::generated(other).filing;
    let theirs = first_service(&other)?;
    Ok(InternetService {
        name: format!("{}之二", own.name),
        domains: theirs.domains.clone(),
        home_url: theirs.home_url.clone(),
        ..own.clone()
    })
}

fn first_service(filing: &Filing) -> anyhow::Result<&InternetService> {
    filing.services.first().context("the filing has no service")
}

fn first_domain(service: &InternetService) -> anyhow::Result<&str> {
    Ok(service.domains.first().context("the service has no domain")?)
}

fn text(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().with_context(|| format!("no text but {value}"))?.to_owned())
}
