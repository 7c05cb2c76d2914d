//! Kills, and a bus that loses everything: every order still reaches its number, and the bureau has each once.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::StreamExt as _;
use icp_demo::story::Actors;
use icp_demo::world::SERVICES;
use icp_demo::{World, orders};
use icp_proto::ops::RepublishRequest;
use icp_proto::ops::operations_client::OperationsClient;
use icp_testkit::wait_until;
use serde_json::Value;

use crate::platform::{assert_nothing_left, options};

const ORDERS: u32 = 16;
const BOUND: Duration = Duration::from_secs(180);

/// Passes whatever waits for a decision, until it is aborted; outages do not matter to it.
async fn review_for_ever(actors: Actors) {
    loop {
        let queue = actors.reviewer.send(reqwest::Method::GET, "/v1/review?limit=200", None, None).await;
        let waiting =
            queue.map(|answer| answer.body["orders"].as_array().cloned().unwrap_or_default()).unwrap_or_default();
        for order in waiting {
            let etag = format!("\"{}\"", order["version"]);
            let _ = actors.reviewer.pass(order["id"].as_str().unwrap_or_default(), &etag).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn submit_all(world: &World, actors: &Actors, numbers: std::ops::RangeInclusive<u32>) -> Vec<orders::OrderInput> {
    let inputs: Vec<_> = numbers.map(orders::generated).collect();
    let filings: Vec<_> = inputs.iter().map(|input| &input.filing).collect();
    for (path, records) in orders::register_records(&filings) {
        world.sandbox_post(path, records).await.unwrap();
    }
    futures::stream::iter(&inputs)
        .for_each_concurrent(4, |input| async {
            let (id, etag) = actors.applicant.draft(input).await.unwrap();
            actors.applicant.submit(&id, &etag).await.unwrap();
        })
        .await;
    inputs
}

async fn wait_all_approved(actors: &Actors, count: usize) {
    wait_until(&format!("{count} orders to be approved"), BOUND, || async {
        let answer = actors
            .applicant
            .send(reqwest::Method::GET, "/v1/orders?limit=200", None, None)
            .await
            .map_err(|error| error.to_string())?;
        let orders = answer.body["orders"].as_array().cloned().unwrap_or_default();
        let open: Vec<&Value> = orders.iter().filter(|order| order["phase"] != "approved").collect();
        if orders.len() == count && open.is_empty() {
            Ok(())
        } else {
            Err(format!("{} orders, open: {open:?}", orders.len()))
        }
    })
    .await
    .unwrap();
}

async fn assert_each_once_at_the_bureau(world: &World, inputs: &[orders::OrderInput]) {
    for input in inputs {
        let domain = &input.filing.services[0].domains[0];
        let filing = world.sandbox_get(&format!("/bureau/filings/{domain}")).await.unwrap();
        assert_eq!(filing["records_received"], 1, "{domain}: {filing}");
        assert_eq!(filing["filings"][0]["slips"], input.filing.services.len(), "{domain}: {filing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_is_killed_while_orders_are_under_way() {
    let mut world = World::start(options("kills")).await.unwrap();
    world.activate_rules("gd", "1.0.0").await.unwrap();
    world.activate_rules("zj", "1.0.0").await.unwrap();
    let actors = Actors::of(&world);
    let reviewer = tokio::spawn(review_for_ever(actors.clone()));
    let mut inputs = Vec::new();
    for (round, service) in (0_u32..).zip(SERVICES) {
        let first = round * 3 + 1;
        inputs.extend(submit_all(&world, &actors, first..=first + 2).await);
        world.kill_and_restart(service).await.unwrap();
        if service == "intake" {
            world.wait_ready(service).await.unwrap();
        }
    }
    for service in SERVICES {
        world.wait_ready(service).await.unwrap();
    }
    wait_all_approved(&actors, inputs.len()).await;
    reviewer.abort();
    assert_nothing_left(&world).await;
    assert_each_once_at_the_bureau(&world, &inputs).await;
    world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bus_loses_everything_in_mid_flight_and_is_filled_again() {
    let mut world = World::start(options("wiped-bus")).await.unwrap();
    world.activate_rules("gd", "1.0.0").await.unwrap();
    world.activate_rules("zj", "1.0.0").await.unwrap();
    let begin_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let actors = Actors::of(&world);
    let reviewer = tokio::spawn(review_for_ever(actors.clone()));
    let inputs = submit_all(&world, &actors, 1..=ORDERS).await;
    world.nats.wipe().await.unwrap();

    // The clock's bucket is gone as well; nothing in this test moves it.
    for service in SERVICES {
        world.wait_ready(service).await.unwrap();
        let grpc = world.services[service].grpc.clone();
        wait_until(&format!("{service} to publish again"), BOUND, || async {
            let mut client = OperationsClient::connect(grpc.clone()).await.map_err(|error| error.to_string())?;
            let request = RepublishRequest { since_unix_ms: i64::try_from(begin_ms).unwrap() };
            client.republish(request).await.map(|_| ()).map_err(|status| status.to_string())
        })
        .await
        .unwrap();
    }
    wait_all_approved(&actors, inputs.len()).await;
    reviewer.abort();
    assert_nothing_left(&world).await;
    assert_each_once_at_the_bureau(&world, &inputs).await;
    world.stop().await.unwrap();
}
