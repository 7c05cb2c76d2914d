//! The demo: five orders, each to its end, a rule module that is swapped meanwhile, and then an order of every type.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures::StreamExt as _;
use icp_domain::Filing;
use icp_testkit::wait_until;
use serde_json::{Value, json};

use crate::World;
use crate::client::Client;
use crate::life;
use crate::orders::{self, OrderInput};
use crate::timeline;
use crate::world::OTHER_TOKEN;

/// Bound of one wait; a machine may be busy.
const STEP_BOUND: Duration = Duration::from_secs(120);
const DAY_MS: i64 = 24 * 3_600_000;
/// Generated orders that are under way at the same time.
const GENERATED_AT_ONCE: usize = 32;

/// Largest picture of a slip that the bureau takes, bytes (bureau-interface §13.2).
const SLIP_PICTURE_BYTES_MAX: usize = 150 * 1024;
/// Papers of an order that was approved: kind, form, how such a file begins.
const PAPERS: [(&str, &str, &[u8]); 4] = [
    ("slip", "application/pdf", b"%PDF-"),
    ("slip", "image/jpeg", &[0xFF, 0xD8]),
    ("acceptance-receipt", "application/pdf", b"%PDF-"),
    ("completion-notice", "application/pdf", b"%PDF-"),
];
/// Orders whose papers are printed at the same time.
const PRINTED_AT_ONCE: usize = 2;

/// Number of the generated company in Guangdong whose draft is judged before and after the swap.
const SWAP_ORDER: u32 = 60_000;

/// An order that reached its end.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Name of the order.
    pub name: String,
    /// Id of the order.
    pub id: String,
    /// What was declared at first.
    pub filing: Filing,
    /// The order as the API shows it.
    pub order: Value,
    /// How it ended, in one line.
    pub summary: String,
}

/// The orders that were carried.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The five of the demo's input.
    pub orders: Vec<Ended>,
    /// One of every type and more, see [`life`].
    pub life: Vec<Ended>,
}

/// The applicants and the reviewer of a world.
#[derive(Debug, Clone)]
pub struct Actors {
    /// Writes and submits.
    pub applicant: Client,
    /// An applicant of another account.
    pub other: Client,
    /// Decides.
    pub reviewer: Client,
}

impl Actors {
    /// The actors of a world.
    pub fn of(world: &World) -> Self {
        let client = |token: &str| Client::new(world.url("intake"), token, world.http.clone());
        let people = &world.people;
        Self { applicant: client(&people.applicant), other: client(OTHER_TOKEN), reviewer: client(&people.reviewer) }
    }

    /// The reviewer passes an order as soon as it waits for a decision.
    pub async fn review(&self, id: &str) -> anyhow::Result<()> {
        let (order, etag) = self.reviewer.wait_phase(id, &["provider_review", "returned"], STEP_BOUND).await?;
        ensure!(order["phase"] == "provider_review", "returned instead of reviewed: {}", order["findings"]);
        self.reviewer.pass(id, &etag).await?;
        Ok(())
    }

    /// Submits an order as it stands now.
    pub async fn submit(&self, id: &str) -> anyhow::Result<Value> {
        let (_, etag) = self.applicant.order(id).await?;
        self.applicant.submit(id, &etag).await
    }

    async fn wait(&self, id: &str, phase: &str) -> anyhow::Result<(Value, String)> {
        Self::wait_as(&self.applicant, id, phase).await
    }

    async fn wait_as(applicant: &Client, id: &str, phase: &str) -> anyhow::Result<(Value, String)> {
        let ends = [phase, "returned", "approved", "cancelled"];
        let (order, etag) = applicant.wait_phase(id, &ends, STEP_BOUND).await?;
        ensure!(order["phase"] == phase, "{} instead of {phase}: {}", order["phase"], order["findings"]);
        Ok((order, etag))
    }

    /// Draft, submission, review, approval, with no hand but the reviewer's.
    pub async fn carry(&self, input: &OrderInput) -> anyhow::Result<Ended> {
        let (id, etag) = self.applicant.draft(input).await?;
        self.applicant.submit(&id, &etag).await?;
        self.finish(input, id).await
    }

    /// Review, bureau, and the end of an order that was handed in.
    pub async fn finish(&self, input: &OrderInput, id: String) -> anyhow::Result<Ended> {
        self.review(&id).await.with_context(|| input.name.clone())?;
        self.ended(&self.applicant, input, id).await
    }

    /// Waits for the end of an order of this applicant.
    pub async fn ended(&self, applicant: &Client, input: &OrderInput, id: String) -> anyhow::Result<Ended> {
        let end = if input.filing.order_type.description().is_cancellation() { "cancelled" } else { "approved" };
        let (order, _) = Self::wait_as(applicant, &id, end).await.with_context(|| input.name.clone())?;
        Ok(approved(input, id, order))
    }
}

fn approved(input: &OrderInput, id: String, order: Value) -> Ended {
    let services = order["service_numbers"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut numbers: Vec<&str> = services.collect();
    if numbers.is_empty() {
        numbers.extend(order["organiser_number"].as_str());
    }
    let end = order["phase"].as_str().unwrap_or("ended");
    let summary = format!("{end}: {} ({})", numbers.join(", "), input.filing.organiser.name);
    Ended { name: input.name.clone(), id, filing: input.filing.clone(), order, summary }
}

/// Runs the whole story; `tell` gets each line of progress.
pub async fn run(world: &World, generated: u32, tell: &(dyn Fn(String) + Sync)) -> anyhow::Result<Carried> {
    tell("rule modules: gd 1.0.0 and zj 1.0.0 are put on the bus, proved and activated".to_owned());
    world.activate_rules("gd", "1.0.0").await?;
    world.activate_rules("zj", "1.0.0").await?;

    let names = [
        "a-company-guangdong",
        "b-person-zhejiang",
        "c-forbidden-name",
        "d-bureau-rejects-once",
        "e-sms-window-passes",
    ];
    let inputs = names.iter().map(|name| orders::read(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let [a, b, c, d, e] = inputs.as_slice() else { bail!("five orders are expected") };
    let extra: Vec<OrderInput> = (1..=generated).map(orders::generated).collect();
    let filings: Vec<_> = inputs.iter().chain(&extra).map(|input| &input.filing).collect();
    for (path, records) in orders::register_records(&filings) {
        world.sandbox_post(path, records).await?;
    }

    let actors = Actors::of(world);
    let (from_a, from_b, from_c, from_d, swapped) = tokio::join!(
        carry_and_tell(&actors, a, tell),
        carry_and_tell(&actors, b, tell),
        forbidden_name(&actors, c, tell),
        rejected_once(world, &actors, d, tell),
        swap_rules(world, &actors, tell),
    );
    swapped?;
    let mut orders = vec![from_a?, from_b?, from_c?, from_d?];
    orders.push(sms_window_passes(world, &actors, e, tell).await?);
    let approved = orders.iter().filter(|ended| ended.order["phase"] == "approved");
    let printed: Vec<_> = futures::stream::iter(approved)
        .map(|ended| papers(world, &actors, &inputs, ended))
        .buffer_unordered(PRINTED_AT_ONCE)
        .collect()
        .await;
    for line in printed {
        tell(line?);
    }
    let life = life::of_records(world, &actors, tell).await?;
    let active = world.activate_all_rules().await?;
    tell(format!(
        "rule books of {} provinces are active; `cargo run -p icpctl -- rules list` shows them",
        active.len()
    ));
    if !extra.is_empty() {
        tell(format!("{} generated orders", extra.len()));
        let results: Vec<_> = futures::stream::iter(&extra)
            .map(|input| actors.carry(input))
            .buffer_unordered(GENERATED_AT_ONCE)
            .collect()
            .await;
        let carried = results.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        tell(format!("{} generated orders are approved", carried.len()));
    }
    Ok(Carried { orders, life })
}

/// Slip, receipt and notice of an order, as the applicant gets them, and the slips that the bureau got.
async fn papers(world: &World, actors: &Actors, inputs: &[OrderInput], ended: &Ended) -> anyhow::Result<String> {
    let mut told = Vec::new();
    for (kind, media_type, beginning) in PAPERS {
        let file = actors.applicant.paper(&ended.id, kind, media_type).await.with_context(|| ended.name.clone())?;
        ensure!(file.starts_with(beginning), "{kind} of {} is no {media_type}", ended.name);
        let is_picture = media_type == "image/jpeg";
        ensure!(
            !is_picture || file.len() <= SLIP_PICTURE_BYTES_MAX,
            "the picture of the slip of {} has {} bytes",
            ended.name,
            file.len()
        );
        told.push(format!("{kind} as {media_type} of {} KB", file.len().div_ceil(1024)));
    }
    let services = inputs.iter().find(|input| input.name == ended.name).map(|input| input.filing.services.as_slice());
    let services = services.with_context(|| format!("{} was not carried", ended.name))?;
    let domain = services.iter().flat_map(|service| &service.domains).next().context("the order has no domain")?;
    let filings = world.sandbox_get(&format!("/bureau/filings/{domain}")).await?;
    let records = filings["filings"].as_array().context("the bureau lists no records")?;
    for record in records {
        ensure!(
            record["slips"] == services.len(),
            "the bureau got no slip for each service of {}: {record}",
            ended.name
        );
    }
    told.push(format!("the bureau got the slip with each of {} records", records.len()));
    Ok(format!("{}: {}", ended.name, told.join(", ")))
}

async fn carry_and_tell(actors: &Actors, input: &OrderInput, tell: &(dyn Fn(String) + Sync)) -> anyhow::Result<Ended> {
    let ended = actors.carry(input).await?;
    tell(format!("{}: {}", ended.name, ended.summary));
    Ok(ended)
}

/// The rules stop the order before anybody looks at it.
async fn forbidden_name(actors: &Actors, input: &OrderInput, tell: &(dyn Fn(String) + Sync)) -> anyhow::Result<Ended> {
    let (id, etag) = actors.applicant.draft(input).await?;
    let order = actors.applicant.submit(&id, &etag).await?;
    ensure!(order["phase"] == "returned", "{} was not stopped: {}", input.name, order);
    let finding = order["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|finding| finding["severity"] == "block" && finding["field"] == "services[0].name")
        .with_context(|| format!("no finding blocks the name: {}", order["findings"]))?;
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let summary = format!(
        "stopped by the rules: {} {}: {} Remedy: {} Source: {} ({})",
        text(&finding["code"]),
        text(&finding["field"]),
        text(&finding["message_zh"]),
        text(&finding["remedy"]),
        text(&finding["source"]["title"]),
        text(&finding["source"]["as_of"]),
    );
    tell(format!("{}: {summary}", input.name));
    Ok(Ended { name: input.name.clone(), id, filing: input.filing.clone(), order, summary })
}

/// The bureau rejects it once; the applicant amends; approved.
async fn rejected_once(
    world: &World,
    actors: &Actors,
    input: &OrderInput,
    tell: &(dyn Fn(String) + Sync),
) -> anyhow::Result<Ended> {
    let domain = input.filing.services.first().and_then(|s| s.domains.first()).context("no domain")?;
    let rejection = json!({"domain": domain, "reject_once": {"code": 1020, "text": "网站名称冲突"}});
    world.sandbox_post("/bureau/script", rejection).await?;
    let (id, etag) = actors.applicant.draft(input).await?;
    actors.applicant.submit(&id, &etag).await?;
    actors.review(&id).await?;
    let (order, etag) = actors.wait(&id, "returned").await?;
    tell(format!("{}: returned by the bureau: {}", input.name, order["findings"][0]["message_zh"]));
    let amended = input.amended.as_ref().context("no amended.json")?;
    let etag = actors.applicant.amend(&id, &etag, amended).await?;
    actors.applicant.submit(&id, &etag).await?;
    let ended = actors.finish(input, id).await?;
    tell(format!("{}: amended, then {}", ended.name, ended.summary));
    Ok(ended)
}

/// The persons in charge let 24 hours pass; submitted again; approved.
async fn sms_window_passes(
    world: &World,
    actors: &Actors,
    input: &OrderInput,
    tell: &(dyn Fn(String) + Sync),
) -> anyhow::Result<Ended> {
    let service = input.filing.services.first().context("no service")?;
    let (mobile, domain) = (&service.principal.mobile, service.domains.first().context("no domain")?);
    world.sandbox_post("/people", json!({"mobile": mobile, "answers": false})).await?;
    let (id, etag) = actors.applicant.draft(input).await?;
    actors.applicant.submit(&id, &etag).await?;
    actors.review(&id).await?;
    actors.wait(&id, "at_bureau").await?;
    let path = format!("/bureau/filings/{domain}");
    wait_until("the ministry to wait for the SMS", STEP_BOUND, || async {
        let filing = world.sandbox_get(&path).await.map_err(|error| error.to_string())?;
        if filing["state"] == "awaiting_sms" { Ok(()) } else { Err(filing["state"].to_string()) }
    })
    .await?;
    wait_for_window(world, &id).await?;
    tell(format!("{}: nobody answers the ministry's SMS; the clock is moved by 24 hours", input.name));
    world.sandbox_post("/clock/advance", json!({"ms": DAY_MS + 60_000})).await?;
    let (order, etag) = actors.wait(&id, "returned").await?;
    tell(format!("{}: returned: {}", input.name, order["findings"][0]["message_zh"]));
    world.sandbox_post("/people", json!({"mobile": mobile, "answers": true})).await?;
    actors.applicant.submit(&id, &etag).await?;
    let ended = actors.finish(input, id).await?;
    tell(format!("{}: submitted again, then {}", ended.name, ended.summary));
    Ok(ended)
}

/// The clock may be moved only when the SMS service has opened its window.
async fn wait_for_window(world: &World, id: &str) -> anyhow::Result<()> {
    wait_until("the SMS service to open its window", STEP_BOUND, || async {
        let lines = timeline::of_order(world, id).await.map_err(|error| error.to_string())?;
        if lines.iter().any(|line| line.service == "sms") { Ok(()) } else { Err("no line of sms".to_owned()) }
    })
    .await
}

/// The same draft is judged before and after a swap, after the way back, and after a release that is refused.
async fn swap_rules(world: &World, actors: &Actors, tell: &(dyn Fn(String) + Sync)) -> anyhow::Result<()> {
    // An organiser of its own: another order of the same one in flight would be a finding by itself.
    let mut input = orders::generated(SWAP_ORDER);
    input.name = "rule swap".to_owned();
    for service in &mut input.filing.services {
        service.name = format!("{}大全", service.name);
    }
    let (id, _) = actors.applicant.draft(&input).await?;
    let before = actors.applicant.check(&id).await?;
    ensure!(before["may_be_submitted"] == true, "the draft is refused before the swap: {}", before["findings"]);
    world.activate_rules("gd", "1.1.0").await?;
    let after = actors.applicant.check(&id).await?;
    ensure!(after["may_be_submitted"] == false, "the swap changed nothing: {after}");
    let blocking = after["findings"].as_array().into_iter().flatten().find(|f| f["severity"] == "block");
    let finding = blocking.context("no blocking finding")?;
    tell(format!(
        "rule swap: a draft in Guangdong passes module {}; after the swap to {} it is blocked: {} {}: {}",
        before["rules_version"], after["rules_version"], finding["code"], finding["field"], finding["message_zh"]
    ));

    world.roll_back_rules("gd").await?;
    let back = actors.applicant.check(&id).await?;
    ensure!(
        back["may_be_submitted"] == true && back["rules_digest"] == before["rules_digest"],
        "the way back changed nothing: {back}"
    );
    tell(format!("rollback: module {} judges again, and the draft passes", back["rules_version"]));

    let refusal = world.publish_refused_rules("gd", "1.0.0", "1.1.0").await?;
    let still = actors.applicant.check(&id).await?;
    ensure!(still["rules_digest"] == before["rules_digest"], "a refused module judges: {still}");
    let vector = refusal.error.vector.as_ref().context("the refusal names no vector")?;
    tell(format!(
        "refused swap: a release without the new rule stops at step {}: vector {} expects {}, found {}; module {} stays",
        refusal.error.step, vector.vector, vector.expected, vector.found, still["rules_version"]
    ));
    world.roll_back_rules("gd").await
}
