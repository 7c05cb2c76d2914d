//! The running API keeps its own document: whatever is sent, valid or broken, the answer is one that the document
//! names, in the form that it names, and never an error of the server.
//!
//! Requests are made from the document: its examples, and each of them broken in one place. Which of the broken ones
//! are sent is drawn anew in each run; `ICP_CONFORMANCE_SEED` draws those of a run that has printed its seed. A failure
//! prints the request as a command.

mod changes;
mod document;
mod forms;
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
/// The kept module of the rules is not signed by anybody whom a release trusts.
const SETTINGS: &str = "[intake.rules]\nsignature_required = false\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_api_keeps_its_document() {
    let given = std::env::var("ICP_CONFORMANCE_SEED").ok();
    let seed = given.map_or_else(rand::random, |text| text.parse().expect("ICP_CONFORMANCE_SEED is a number"));
    eprintln!("ICP_CONFORMANCE_SEED={seed}");
    let app = App::start_with(SETTINGS).await;
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
        failures.extend(taken(client, judge, operation, &what, &request).await);
    }
    for (what, request) in world.variants(operation).await {
        failures.extend(taken(client, judge, operation, &what, &request).await);
    }
    failures
}

/// What is wrong with the answer to a request that must be taken.
async fn taken(
    client: &reqwest::Client,
    judge: &Judge,
    operation: &Operation,
    what: &str,
    request: &Request,
) -> Vec<String> {
    let answer = request.send(client).await;
    let mut faults = judge.faults(operation, request, &answer);
    if answer.status >= 400 {
        faults.push(format!("a valid request got {}: {}", answer.status, String::from_utf8_lossy(&answer.bytes)));
    }
    faults.iter().map(|fault| told(operation, what, fault, request)).collect()
}

fn told(operation: &Operation, what: &str, fault: &str, request: &Request) -> String {
    format!("{}: {what}: {fault}\n    {request}", operation.key)
}
