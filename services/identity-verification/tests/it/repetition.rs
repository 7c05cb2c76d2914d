//! Messages that come again, late, or broken.

use icp_domain::Province;
use icp_proto::identity::Verify;
use icp_testkit::{filings, wait_until};
use uuid::Uuid;

use crate::world::{PATIENCE, World};

#[tokio::test]
async fn the_same_submission_is_verified_once() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 1);
    let order_id = Uuid::now_v7();
    let materials = world.store(order_id, &filing).await;
    // New message ids, the same submission: once before the answer, once after it.
    world.ask(order_id, 1, &filing, materials.clone()).await;
    world.ask(order_id, 1, &filing, materials.clone()).await;
    world.answer(order_id, 1).await;
    world.ask(order_id, 1, &filing, materials.clone()).await;
    // An applicant amends and submits again; then an older submission arrives late.
    world.ask(order_id, 3, &filing, materials.clone()).await;
    world.answer(order_id, 3).await;
    world.ask(order_id, 2, &filing, materials).await;

    let last = Uuid::now_v7();
    let materials = world.store(last, &filing).await;
    world.ask(last, 1, &filing, materials).await;
    world.answer(last, 1).await;

    let attempts: Vec<u32> = world.events_about(order_id).into_iter().map(|event| event.attempt).collect();
    assert_eq!(attempts, [1, 3]);
    assert_eq!(world.count("select count(*) from verifications").await, 3);
    assert_eq!(world.journal(order_id).await.len(), 2);
    assert_eq!(world.count("select count(*) from data_keys").await, 2, "one key for all submissions of an order");
    world.assert_settled().await;
}

/// More at once than the service has connections to its database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_orders_are_verified_in_batches() {
    let world = World::start().await;
    let mut tasks = Vec::new();
    for n in 0..40 {
        let filing = filings::company_filing(Province::Guangdong, n);
        let order_id = Uuid::now_v7();
        let subject = crate::world::subject(&filing, world.store(order_id, &filing).await);
        let sealed = world.intake.keyring.seal("identity", &order_id.to_string(), &subject).unwrap();
        let order_id = order_id.to_string();
        tasks.push(Verify { order_id, attempt: 1, province: "gd".to_owned(), subject: Some(sealed) });
    }
    world.send(&tasks).await;
    for task in &tasks {
        let order_id = Uuid::parse_str(&task.order_id).unwrap();
        assert_eq!(world.answer(order_id, 1).await.findings, []);
        assert_eq!(world.events_about(order_id).len(), 1);
    }
    world.assert_settled().await;
}

#[tokio::test]
async fn a_poisoned_task_becomes_a_dead_letter_and_holds_back_nobody() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 1);
    let order_id = Uuid::now_v7();
    let materials = world.store(order_id, &filing).await;
    let sealed = world.intake.keyring.seal("identity", "x", &crate::world::subject(&filing, Vec::new())).unwrap();
    let poisoned = |order_id: &str, attempt: u32, province: &str| Verify {
        order_id: order_id.to_owned(),
        attempt,
        province: province.to_owned(),
        subject: Some(sealed.clone()),
    };
    let id = Uuid::now_v7().to_string();
    let no_subject = Verify { subject: None, ..poisoned(&id, 1, "gd") };
    world.send(&[poisoned("no id", 1, "gd"), poisoned(&id, 0, "gd"), poisoned(&id, 1, "xx"), no_subject]).await;
    world.ask(order_id, 1, &filing, materials).await;
    world.answer(order_id, 1).await;
    wait_until("four dead letters", PATIENCE, || async {
        let letters = "select count(distinct payload) from outbox where subject = 'icp.dead.identity-tasks'";
        let count = world.count(letters).await;
        if count >= 4 { Ok(()) } else { Err(format!("{count} letters")) }
    })
    .await
    .unwrap();
    assert_eq!(world.count("select count(*) from verifications").await, 1);
}

#[tokio::test]
async fn a_subject_that_cannot_be_opened_stays_in_the_backlog() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 1);
    let order_id = Uuid::now_v7();
    let subject = crate::world::subject(&filing, Vec::new());
    // Sealed for another order: moved on the way.
    let sealed = world.intake.keyring.seal("identity", &Uuid::now_v7().to_string(), &subject).unwrap();
    let task = Verify { order_id: order_id.to_string(), attempt: 1, province: "zj".to_owned(), subject: Some(sealed) };
    world.send(&[task]).await;
    wait_until("the job to be given up", PATIENCE, || async {
        let failed = world.count("select count(*) from jobs where failed").await;
        if failed == 1 { Ok(()) } else { Err(format!("{failed} failed jobs")) }
    })
    .await
    .unwrap();
    assert_eq!(world.events_about(order_id), []);
    assert_eq!(
        world.journal(order_id).await,
        ["documents not verified: the job was given up; an operator must look at it"]
    );
}
