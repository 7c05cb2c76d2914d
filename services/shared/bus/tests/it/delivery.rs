//! Every message exactly once in effect, whatever commits, crashes and repeats.

use std::time::Duration;

use icp_bus::{Effects, publisher};
use icp_testkit::{NatsServer, wait_until};

use crate::node::{Node, task};

const BOUND: Duration = Duration::from_secs(30);

async fn wait_seen(node: &Node, expected: Vec<i64>) {
    wait_until("the numbers to be handled once each", BOUND, || async {
        let seen = node.seen().await;
        if seen == expected { Ok(()) } else { Err(format!("{} of {}: {seen:?}", seen.len(), expected.len())) }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_overtake_each_other_lose_nothing() {
    let nats = NatsServer::start_temp().await.unwrap();
    let node = Node::start(&nats, "").await;
    node.consume();
    let writers = (0..8_u64).map(|writer| {
        let bus = node.bus.clone();
        async move {
            for turn in 0..25 {
                let mut tx = bus.begin().await.unwrap();
                // Takes its transaction id now and commits later than some that began after it.
                sqlx::query("select pg_current_xact_id()").execute(&mut *tx).await.unwrap();
                tokio::time::sleep(Duration::from_millis((writer * 7 + turn * 3) % 20)).await;
                let mut effects = Effects::new();
                effects.send(task(1000 + writer * 25 + turn));
                bus.commit(tx, effects).await.unwrap();
            }
        }
    });
    futures::future::join_all(writers).await;
    wait_seen(&node, (1000..1200).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_transaction_holds_rows_back_but_loses_none() {
    let nats = NatsServer::start_temp().await.unwrap();
    let node = Node::start(&nats, "").await;
    node.consume();
    let mut slow = node.bus.begin().await.unwrap();
    sqlx::query("select pg_current_xact_id()").execute(&mut *slow).await.unwrap();
    node.send(100..110).await;
    let mut effects = Effects::new();
    effects.send(task(99));
    node.bus.commit(slow, effects).await.unwrap();
    wait_seen(&node, (99..110).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rolled_back_is_never_sent() {
    let nats = NatsServer::start_temp().await.unwrap();
    let node = Node::start(&nats, "").await;
    node.consume();
    let tx = node.bus.begin().await.unwrap();
    let mut effects = Effects::new();
    effects.send(task(1));
    tx.rollback().await.unwrap();
    drop(effects);
    node.send(2..3).await;
    wait_seen(&node, vec![2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_publishing_and_noting_it_repeats_nothing() {
    let nats = NatsServer::start_temp().await.unwrap();
    // Published twice and without the broker's duplicate check: only the inbox guards.
    let node = Node::start(&nats, "publish_twice = true\n").await;
    node.consume();
    node.send(100..150).await;
    wait_seen(&node, (100..150).collect()).await;
    // As if the process had died before it noted what was published.
    sqlx::query("update outbox_cursor set xid = '0', seq = 0").execute(&node.bus.context().pool).await.unwrap();
    node.send(150..160).await;
    wait_seen(&node, (100..160).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_message_is_buried_and_its_neighbours_live() {
    let nats = NatsServer::start_temp().await.unwrap();
    let node = Node::start(&nats, "").await;
    node.send(5..20).await;
    node.consume();
    wait_seen(&node, (5..20).filter(|number| *number != 13).collect()).await;
    wait_until("the dead letter", BOUND, || async {
        let reasons: Vec<String> = sqlx::query_scalar(
            "select convert_from(payload, 'UTF8') from outbox where subject = 'icp.dead.node-numbers'",
        )
        .fetch_all(&node.bus.context().pool)
        .await
        .map_err(|error| error.to_string())?;
        match reasons.as_slice() {
            [one] if one.contains("13 is unlucky") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_bus_is_filled_again_from_the_outbox() {
    let mut nats = NatsServer::start_temp().await.unwrap();
    let begin = chrono::Utc::now();
    let node = Node::start(&nats, "").await;
    node.send(100..140).await;
    wait_until("the outbox to be published", BOUND, || async {
        let waiting: bool = sqlx::query_scalar(
            "select exists (select 1 from outbox o, outbox_cursor c where (o.xid, o.seq) > (c.xid, c.seq))",
        )
        .fetch_one(&node.bus.context().pool)
        .await
        .map_err(|error| error.to_string())?;
        if waiting { Err("rows wait".to_owned()) } else { Ok(()) }
    })
    .await
    .unwrap();
    nats.wipe().await.unwrap();
    node.consume();
    wait_until("the bus to take the history", BOUND, || async {
        publisher::republish(&node.bus, begin).await.map_err(|error| format!("{error:#}"))
    })
    .await
    .unwrap();
    wait_seen(&node, (100..140).collect()).await;
    node.send(140..141).await;
    wait_seen(&node, (100..141).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_and_comes_back_is_found_again() {
    let mut nats = NatsServer::start_temp().await.unwrap();
    let node = Node::start(&nats, "").await;
    node.consume();
    node.send(100..105).await;
    wait_seen(&node, (100..105).collect()).await;
    nats.kill().await.unwrap();
    node.send(105..110).await;
    nats.restart().await.unwrap();
    wait_seen(&node, (100..110).collect()).await;
}
