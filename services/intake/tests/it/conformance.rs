//! The running API keeps its own document: whatever is sent, valid or broken, the answer is one that the document
//! names, in the form that it names, and never an error of the server.
//!
//! Requests are made from the document: its examples, and each of them broken in one place. Which of the broken ones
//! are sent is drawn by `ICP_CONFORMANCE_SEED`; a failure prints the seed and the request as a command.

mod changes;
mod document;
mod judge;
mod request;
mod world;

use std::collections::BTreeSet;

use futures::StreamExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use self::changes::{Change, changes};
use self::document::{Document, Operation};
use self::judge::Judge;
use self::request::Request;
use self::world::World;
use crate::app::App;

/// Broken requests to one operation at most.
const CHANGES_MAX: usize = 150;
/// Operations that are worked on at the same time.
const OPERATIONS_AT_ONCE: usize = 6;
/// They answer what is wrong with a body, so they take what is wrong.
const TAKES_WHAT_IS_WRONG: [&str; 1] = ["POST /v1/orders/check"];
/// No rule module is active in this world, and what it would demand is not made up: 503, as documented.
const UNAVAILABLE: [&str; 2] = ["GET /v1/orders/{id}/requirements", "GET /v1/archive/services/{number}/footer"];

#[tokio::test(flavor = "multi_thread")]
async fn the_api_keeps_its_document() {
    let seed = std::env::var("ICP_CONFORMANCE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let app = App::start().await;
    let document = Document::of(app.get("", "/openapi.json").await.body);
    let judge = Judge::of(&document);
    let world = World::seeded(&app).await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let operations = document.operations();
    assert!(operations.len() > 40, "the document names {} operations", operations.len());
    let mut failures: Vec<String> = futures::stream::iter(&operations)
        .map(|operation| probe(&client, &world, &judge, operation, seed))
        .buffer_unordered(OPERATIONS_AT_ONCE)
        .concat()
        .await;
    failures.sort();
    let distinct: BTreeSet<&str> = failures.iter().filter_map(|failure| failure.lines().next()).collect();
    assert!(
        failures.is_empty(),
        "{} answers are not as documented (ICP_CONFORMANCE_SEED={seed}):\n{}\n\n{}",
        failures.len(),
        distinct.into_iter().collect::<Vec<_>>().join("\n"),
        failures.join("\n")
    );
}

/// Everything that one operation answers differently from the document.
async fn probe(
    client: &reqwest::Client,
    world: &World<'_>,
    judge: &Judge,
    operation: &Operation,
    seed: u64,
) -> Vec<String> {
    let mut failures = Vec::new();
    let mut base = world.request(operation).await;
    let mut broken = changes(operation, &base);
    broken.shuffle(&mut StdRng::seed_from_u64(seed));
    broken.truncate(CHANGES_MAX);
    for Change { what, apply } in broken {
        let mut request = base.clone();
        apply(&mut request);
        let answer = request.send(client).await;
        let faults = judge.faults(operation, &request, &answer);
        failures.extend(faults.iter().map(|fault| told(operation, &what, fault, &request)));
        // What was there to be changed is changed, or gone.
        if answer.status < 400 && operation.method != reqwest::Method::GET {
            base = world.request(operation).await;
        }
    }
    for (what, body) in operation.valid_bodies(&base) {
        let request = Request { body, ..world.request(operation).await };
        let answer = request.send(client).await;
        let mut faults = judge.faults(operation, &request, &answer);
        let is_expected = match UNAVAILABLE.contains(&operation.key.as_str()) {
            true => answer.status == 503,
            false => answer.status < 400,
        };
        if !is_expected {
            faults.push(format!("a valid request got {}: {}", answer.status, String::from_utf8_lossy(&answer.bytes)));
        }
        failures.extend(faults.iter().map(|fault| told(operation, &what, fault, &request)));
    }
    failures
}

fn told(operation: &Operation, what: &str, fault: &str, request: &Request) -> String {
    format!("{}: {what}: {fault}\n    {request}", operation.key)
}
