//! Messages that come again, late, or broken.

use icp_domain::Province;
use icp_proto::authority::Lookup;
use icp_testkit::{filings, wait_until};
use uuid::Uuid;

use crate::world::{PATIENCE, World, subject};

#[tokio::test]
async fn the_same_submission_is_answered_once() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 1);
    world.registers.know(&filing);
    let order_id = Uuid::now_v7();
    // New message ids, the same submission: once before the answer, once after it.
    world.ask(order_id, 1, &filing).await;
    world.ask(order_id, 1, &filing).await;
    world.answer(order_id, 1).await;
    world.ask(order_id, 1, &filing).await;
    // An applicant amends and submits again; then an older submission arrives late.
    world.ask(order_id, 3, &filing).await;
    world.answer(order_id, 3).await;
    world.ask(order_id, 2, &filing).await;
    let last = Uuid::now_v7();
    world.ask(last, 1, &filing).await;
    world.answer(last, 1).await;

    let attempts: Vec<u32> = world.events_about(order_id).into_iter().map(|event| event.attempt).collect();
    assert_eq!(attempts, [1, 3]);
    assert_eq!(world.count("select count(*) from lookups").await, 3);
    // Number, name, representative and address of the enterprise, two persons, one domain.
    assert_eq!(world.count("select count(*) from results").await, 3 * 7);
    assert_eq!(world.journal(order_id).await.len(), 2);
    assert_eq!(world.registers.asked(), [3, 2, 1]);
    world.assert_settled().await;
}

/// More at once than the service has connections to its database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_orders_are_answered_in_batches() {
    let world = World::start().await;
    let filings: Vec<_> = (0..60).map(|n| filings::company_filing(Province::Guangdong, n)).collect();
    let mut tasks = Vec::new();
    for filing in &filings {
        world.registers.know(filing);
        let order_id = Uuid::now_v7().to_string();
        let sealed = world.intake.keyring.seal("authority", &order_id, &subject(filing)).unwrap();
        tasks.push(Lookup { order_id, attempt: 1, province: "gd".to_owned(), subject: Some(sealed) });
    }
    world.send(&tasks).await;
    for task in &tasks {
        let order_id = Uuid::parse_str(&task.order_id).unwrap();
        assert_eq!(world.answer(order_id, 1).await.findings, []);
        assert_eq!(world.events_about(order_id).len(), 1);
    }
    assert_eq!(world.registers.asked(), [60, 120, 60]);
    world.assert_settled().await;
}

#[tokio::test]
async fn a_poisoned_task_becomes_a_dead_letter_and_holds_back_nobody() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 1);
    world.registers.know(&filing);
    let order_id = Uuid::now_v7();
    let sealed = world.intake.keyring.seal("authority", "x", &subject(&filing)).unwrap();
    let poisoned = |order_id: &str, attempt: u32, province: &str| Lookup {
        order_id: order_id.to_owned(),
        attempt,
        province: province.to_owned(),
        subject: Some(sealed.clone()),
    };
    let id = Uuid::now_v7().to_string();
    let no_subject = Lookup { subject: None, ..poisoned(&id, 1, "gd") };
    world.send(&[poisoned("no id", 1, "gd"), poisoned(&id, 0, "gd"), poisoned(&id, 1, "xx"), no_subject]).await;
    world.ask(order_id, 1, &filing).await;
    assert_eq!(world.answer(order_id, 1).await.findings, []);
    wait_until("four dead letters", PATIENCE, || async {
        let letters = "select count(distinct payload) from outbox where subject = 'icp.dead.authority-tasks'";
        let count = world.count(letters).await;
        if count >= 4 { Ok(()) } else { Err(format!("{count} letters")) }
    })
    .await
    .unwrap();
    assert_eq!(world.count("select count(*) from lookups").await, 1);
}
