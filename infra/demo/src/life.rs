//! What comes after a first filing: orders about what is on record, each prefilled from the archive.

use anyhow::{Context as _, ensure};
use icp_domain::{Filing, InternetService, OrderType};
use reqwest::Method;
use serde_json::{Value, json};

use crate::World;
use crate::orders::{self, OrderInput};
use crate::story::Actors;

/// Number of the generated company in Guangdong whose record lives on.
const COMPANY: u32 = 70_000;
/// Number of the generated company whose website it takes over as its second one.
const SECOND: u32 = 70_004;

/// A company adds a website, renames its first one, moves it to another server, and gives the second one up.
pub async fn of_a_record(world: &World, actors: &Actors, tell: &(dyn Fn(String) + Sync)) -> anyhow::Result<()> {
    let first = orders::generated(COMPANY);
    let second = own_website(&first.filing, &orders::generated(SECOND).filing)?;
    let both =
        Filing { services: [first.filing.services.clone(), vec![second.clone()]].concat(), ..first.filing.clone() };
    for (path, records) in orders::register_records(&[&both]) {
        world.sandbox_post(path, records).await?;
    }
    let filed = actors.carry(&first).await?;
    let organiser = text(&filed.order["organiser_number"])?;
    let website = text(&filed.order["service_numbers"][0])?;

    let record = Record { actors, organiser: &organiser, tell };
    let mut addition = record.prefill(OrderType::AddService, &[]).await?;
    addition.services = vec![second.clone()];
    let added = record.carry("a second website is added", addition).await?;
    let second_website = text(&added["service_numbers"][0])?;

    let mut change = record.prefill(OrderType::ChangeService, &[&website]).await?;
    for service in &mut change.services {
        service.name = format!("{}新版", service.name);
    }
    record.carry("the first website is renamed", change).await?;

    let mut access = record.prefill(OrderType::ChangeAccess, &[&website]).await?;
    for service in &mut access.services {
        service.access.addresses = vec!["198.51.100.7".to_owned()];
    }
    record.carry("its server gets another address", access).await?;

    let leaving = record.prefill(OrderType::DeregisterService, &[&second_website]).await?;
    record.carry("the second website is given up", leaving).await?;
    let domain = second.domains.first().context("the second website has no domain")?;
    let path = format!("/v1/whitelist/{domain}");
    let answer = actors.applicant.send(Method::GET, &path, None, None).await?;
    ensure!(answer.status == 404, "{domain} may still be served: {}", answer.body);
    tell(format!("whitelist: {domain} may no longer be served"));
    Ok(())
}

/// The website of another company as one of this company's own.
fn own_website(owner: &Filing, other: &Filing) -> anyhow::Result<InternetService> {
    let own = owner.services.first().context("the company has no website")?;
    let theirs = other.services.first().context("the other company has no website")?;
    Ok(InternetService {
        name: format!("{}之二", own.name),
        domains: theirs.domains.clone(),
        home_url: theirs.home_url.clone(),
        ..own.clone()
    })
}

struct Record<'a> {
    actors: &'a Actors,
    organiser: &'a str,
    tell: &'a (dyn Fn(String) + Sync),
}

impl Record<'_> {
    async fn prefill(&self, order_type: OrderType, services: &[&str]) -> anyhow::Result<Filing> {
        let cancellation = order_type.description().is_cancellation().then(|| json!({"reason": 1}));
        let wanted = json!({
            "order_type": order_type,
            "organiser_number": self.organiser,
            "service_numbers": services,
            "cancellation": cancellation,
        });
        let answer = self.actors.applicant.json(Method::POST, "/v1/filings/prefill", None, &wanted).await?;
        Ok(serde_json::from_value(answer.ok().with_context(|| format!("{} is not prefilled", order_type.as_str()))?)?)
    }

    async fn carry(&self, what: &str, filing: Filing) -> anyhow::Result<Value> {
        let description = filing.order_type.description();
        let materials = icp_testkit::specimen::materials(&filing);
        let name = filing.order_type.as_str().to_owned();
        let input = OrderInput { name, filing, amended: None, materials };
        let ended = self.actors.carry(&input).await.with_context(|| what.to_owned())?;
        (self.tell)(format!("{} ({}): {what}: {}", input.name, description.name_zh, ended.summary));
        Ok(ended.order)
    }
}

fn text(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().with_context(|| format!("no text but {value}"))?.to_owned())
}
