//! Attempts that are taken back: in time, too late, before they have come, and at the very moment of the upload.

use icp_testkit::wait_until;
use uuid::Uuid;

use crate::fake_bureau::Fault;
use crate::world::{BOUND, Event, MARK, World, approved_of, received_of, rejected_of};

async fn state_of(world: &World, order_id: Uuid) -> String {
    sqlx::query_scalar("select state from submissions where order_id = $1")
        .bind(order_id)
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_waits_in_a_file_outside_of_hours_is_taken_back_and_the_others_go_on() {
    let closed = |b: &crate::fake_bureau::FakeBureau| {
        b.with(|b| b.upload_faults.extend(std::iter::repeat_n(Fault::Code(20), 100_000)))
    };
    let world = World::with_bureau(closed).await;
    let taken_back = world.submit(&format!("{MARK}-撤回")).await;
    let others = [world.submit("留下一").await, world.submit("留下二").await];
    wait_until("it to be in a file that the bureau does not take now", BOUND, || async {
        let file: Option<String> = sqlx::query_scalar(
            "select f.state from submissions s join upload_files f on f.id = s.file_id where s.order_id = $1",
        )
        .bind(taken_back)
        .fetch_optional(&world.pool)
        .await
        .map_err(|error| error.to_string())?;
        let tries = 100_000 - world.bureau.with(|b| b.upload_faults.len());
        if file.as_deref() == Some("ready") && tries > 2 { Ok(()) } else { Err(format!("{file:?} after {tries}")) }
    })
    .await
    .unwrap();

    // It is too late while a call is on its way, and in time again when the bureau did not take it.
    let mut asked = 0;
    loop {
        world.withdraw(Uuid::now_v7(), taken_back, 1).await;
        asked += 1;
        if world.wait_for_withdrawals(taken_back, asked).await.contains(&true) {
            break;
        }
        assert!(asked < 100, "every call was on its way");
    }
    // Twice under one id, and once more under another.
    let id = Uuid::now_v7();
    for id in [id, id, Uuid::now_v7()] {
        world.withdraw(id, taken_back, 1).await;
    }
    let answers = world.wait_for_withdrawals(taken_back, asked + 2).await;
    assert_eq!(answers[asked - 1..], [true, true, true], "{answers:?}");
    assert_eq!(state_of(&world, taken_back).await, "withdrawn");
    let left: i64 = sqlx::query_scalar(
        "select count(*) from submissions where state = 'withdrawn' and (record_cipher is not null or wrapped_key is not null \
         or sealed is not null)",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(left, 0, "its personal data is erased");
    world.bureau.with(|b| b.upload_faults.clear());
    let events = world.wait_for_ends(3).await;
    let mut approved: Vec<String> = approved_of(&events).iter().map(|a| a.order_id.clone()).collect();
    approved.sort();
    let mut expected = others.map(|id| id.to_string());
    expected.sort();
    assert_eq!(approved, expected);
    assert!(world.bureau.names().iter().all(|name| !name.contains("撤回")));
    world.assert_gapless_and_once();
    let files: Vec<(i64, String, bool)> =
        sqlx::query_as("select sequence, state, wrapped_key is null from upload_files order by id")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert_eq!(files.first(), Some(&(1, "refused".to_owned(), true)), "the first file is given up with its content");
}

#[tokio::test]
async fn what_the_bureau_has_is_not_taken_back() {
    let world = World::start().await;
    world.bureau.with(|b| b.decides_at_once = false);
    let order = world.submit("单位").await;
    wait_until("the upload", BOUND, || async {
        let received = received_of(&world.events().await).len();
        if received == 1 { Ok(()) } else { Err("nothing was taken".into()) }
    })
    .await
    .unwrap();
    world.withdraw(Uuid::now_v7(), order, 1).await;
    assert_eq!(world.wait_for_withdrawals(order, 1).await, [false]);
    world.bureau.with(|b| {
        let upload = b.taken[0].clone();
        b.decide(&upload);
    });
    let events = world.wait_for_ends(1).await;
    assert_eq!(approved_of(&events).len(), 1);
    // After its end as well.
    world.withdraw(Uuid::now_v7(), order, 1).await;
    assert_eq!(world.wait_for_withdrawals(order, 2).await, [false, false]);
    assert_eq!(state_of(&world, order).await, "approved");
}

#[tokio::test]
async fn a_withdrawal_that_overtakes_its_submission_counts() {
    let world = World::start().await;
    let order = Uuid::now_v7();
    world.withdraw(Uuid::now_v7(), order, 1).await;
    assert_eq!(world.wait_for_withdrawals(order, 1).await, [true]);
    let late = world.task(order, 1, |f| f.organiser.as_mut().unwrap().name = "撤回".into()).await;
    world.publish(Uuid::now_v7(), &late).await;
    let again = world.task(order, 2, |f| f.organiser.as_mut().unwrap().name = "重新提交".into()).await;
    world.publish(Uuid::now_v7(), &again).await;
    let events = world.wait_for_ends(2).await;
    assert_eq!(approved_of(&events)[0].attempt, 2);
    assert_eq!(world.bureau.names(), ["重新提交"]);
}

/// Many withdrawals while files are prepared, packed and sent, with lost answers between: each order is either taken back
/// and unknown to the bureau, or filed.
#[tokio::test]
async fn whichever_is_faster_the_relay_and_the_bureau_agree() {
    const ORDERS: usize = 40;
    let world = World::with_bureau(|b| {
        b.with(|b| {
            let faults = [Fault::None, Fault::Code(15), Fault::AnswerLost, Fault::Code(20), Fault::RequestLost];
            b.upload_faults.extend(faults.repeat(8));
        });
    })
    .await;
    let mut orders = Vec::new();
    for n in 0..ORDERS {
        let order = world.submit(&format!("单位{n}号")).await;
        orders.push(order);
        // Some at once, some a few steps later.
        if n % 4 != 3 {
            world.withdraw(Uuid::now_v7(), order, 1).await;
        }
        if n % 5 == 4 {
            for late in orders.iter().rev().skip(1).step_by(4).take(2) {
                world.withdraw(Uuid::now_v7(), *late, 1).await;
            }
        }
    }
    for order in &orders {
        world.withdraw(Uuid::now_v7(), *order, 1).await;
    }
    world.wait_for_ends(ORDERS).await;
    let events = world.events().await;
    let names = world.bureau.names();
    assert!(rejected_of(&events).is_empty());
    for (n, order) in orders.iter().enumerate() {
        let state = state_of(&world, *order).await;
        let is_at_bureau = names.contains(&format!("单位{n}号"));
        let is_approved = approved_of(&events).iter().any(|a| a.order_id == order.to_string());
        let is_received = received_of(&events).iter().any(|r| r.order_id == order.to_string());
        match state.as_str() {
            "withdrawn" => assert!(!is_at_bureau && !is_approved && !is_received, "{n}"),
            "approved" => assert!(is_at_bureau && is_approved && is_received, "{n}"),
            other => panic!("{n} is {other}"),
        }
        // It may be too late while a call is on its way, and in time again after the bureau did not take it.
        let is_told = events.iter().any(|event| {
            matches!(event, Event::WithdrawalAnswered(it) if it.order_id == order.to_string() && it.is_withdrawn)
        });
        assert_eq!(is_told, state == "withdrawn", "{n}");
    }
    world.assert_gapless_and_once();
}
