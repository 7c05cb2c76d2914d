//! Filings on their way to numbers or back.

use icp_testkit::wait_until;
use uuid::Uuid;

use crate::world::{BOUND, MARK, World, approved_of, received_of, rejected_of};

#[tokio::test]
async fn filings_go_out_in_batches_and_come_back_with_numbers() {
    let world = World::start().await;
    let mut orders = Vec::new();
    for index in 0..7 {
        orders.push(world.submit(&format!("单位{index}")).await.to_string());
    }
    let events = world.wait_for_ends(7).await;
    world.assert_gapless_and_once();
    assert_eq!((received_of(&events).len(), approved_of(&events).len()), (7, 7));
    for order in &orders {
        let position = |wanted: &dyn Fn(&crate::world::Event) -> bool| events.iter().position(wanted).unwrap();
        let received = position(&|e| matches!(e, crate::world::Event::Received(r) if r.order_id == *order));
        let approved = position(&|e| matches!(e, crate::world::Event::Approved(a) if a.order_id == *order));
        assert!(received < approved, "an order is received before it is approved");
    }
    let approved = approved_of(&events);
    assert!(approved.iter().all(|a| a.service_numbers == [format!("{}-1", a.organiser_number)]));
    let largest = world.bureau.with(|b| b.taken.iter().map(|u| u.filings.len()).max().unwrap());
    assert!((2..=3).contains(&largest), "batches of at most three: {largest}");
    let correlated: i64 = sqlx::query_scalar(
        "select count(*) from bureau_records where kind in ('organiser', 'service') and filing_number is not null",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(correlated, 14);
}

#[tokio::test]
async fn personal_data_is_never_in_clear_and_is_erased_at_the_end() {
    let world = World::start().await;
    world.bureau.with(|b| b.decides_at_once = false);
    world.submit(&format!("{MARK}-单位")).await;
    wait_until("the upload", BOUND, || async {
        if world.bureau.names().len() == 1 { Ok(()) } else { Err("nothing was taken".into()) }
    })
    .await
    .unwrap();
    assert!(world.bureau.names()[0].contains(MARK), "the bureau gets the data in clear");
    let hexadecimal: String = MARK.bytes().map(|b| format!("{b:02x}")).collect();
    let is_clear = |dump: &str| dump.contains(MARK) || dump.contains(&hexadecimal) || dump.contains("13000000000");
    assert!(!is_clear(&world.dump().await), "while it waits for its result");
    let kept: i64 = sqlx::query_scalar("select count(*) from submissions where record_cipher is not null")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(kept, 1);
    world.bureau.with(|b| {
        let upload = b.taken[0].clone();
        b.decide(&upload);
    });
    world.wait_for_ends(1).await;
    assert!(!is_clear(&world.dump().await), "after its end");
    let left: i64 = sqlx::query_scalar(
        "select count(*) from submissions where record_cipher is not null or wrapped_key is not null or sealed is not null",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn rejections_carry_codes_and_tell_an_sms_timeout() {
    let world = World::start().await;
    let refused = world.submit("拒绝").await.to_string();
    let late = world.submit("超时").await.to_string();
    let events = world.wait_for_ends(2).await;
    let rejected = rejected_of(&events);
    let of = |order: &str| *rejected.iter().find(|r| r.order_id == order).unwrap();
    assert_eq!((of(&refused).results[0].code, of(&refused).sms_timeout), (1002, false));
    assert_eq!(world.words_of(of(&refused)), ["网站名称不规范"]);
    assert!(of(&late).sms_timeout);
    assert_eq!((of(&late).attempt, of(&late).province.as_str()), (1, "zj"));
}

#[tokio::test]
async fn words_of_officers_are_for_intake_alone() {
    let world = World::start().await;
    world.bureau.with(|b| b.decides_at_once = false);
    world.submit("单位").await;
    wait_until("the upload", BOUND, || async {
        if world.bureau.names().len() == 1 { Ok(()) } else { Err("nothing was taken".into()) }
    })
    .await
    .unwrap();
    let words = format!("{MARK}先生的身份证已过期");
    world.bureau.with(|b| {
        let id = b.taken[0].filings[0].0;
        let review = format!(
            "<BAJG><GJSHS><Gjsh><Shyj>{words}</Shyj><Shjg>0</Shjg><Czlx>1</Czlx><Jlid>{id}</Jlid></Gjsh></GJSHS></BAJG>"
        );
        // The same again in another file changes nothing.
        b.hand_out(&review);
        b.hand_out(&review);
    });
    let events = world.wait_for_ends(1).await;
    assert_eq!(world.words_of(rejected_of(&events)[0]), [words]);
    wait_until("both files", BOUND, || async {
        let count = world.bureau.with(|b| b.acknowledged.len());
        if count == 2 { Ok(()) } else { Err(format!("{count} acknowledged")) }
    })
    .await
    .unwrap();
    assert_eq!(rejected_of(&world.events().await).len(), 1);
    let hexadecimal: String = MARK.bytes().map(|b| format!("{b:02x}")).collect();
    let dump = world.dump().await;
    assert!(!dump.contains(MARK) && !dump.contains(&hexadecimal), "neither in the outbox nor in a table");
}

#[tokio::test]
async fn an_amended_order_goes_out_again_as_its_next_attempt() {
    let world = World::start().await;
    let order = world.submit("拒绝").await;
    world.wait_for_ends(1).await;
    let second = world.task(order, 2, |f| f.organiser.as_mut().unwrap().name = "改好了".into()).await;
    world.publish(Uuid::now_v7(), &second).await;
    let events = world.wait_for_ends(2).await;
    assert_eq!(approved_of(&events)[0].attempt, 2);
    world.assert_gapless_and_once();
}

#[tokio::test]
async fn what_the_bureau_would_refuse_is_rejected_without_an_upload() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    let task =
        world.task(order_id, 1, |filing| filing.services[0].principal.as_mut().unwrap().mobile = "12".into()).await;
    world.publish(Uuid::now_v7(), &task).await;
    let events = world.wait_for_ends(1).await;
    let rejected = rejected_of(&events)[0];
    assert_eq!(rejected.results[0].code, 5001);
    assert_eq!(rejected.results[0].field, "services[0].principal.mobile");
    assert!(world.words_of(rejected)[0].contains("services[0].principal.mobile"));
    assert!(world.bureau.names().is_empty());
}

#[tokio::test]
async fn one_fault_against_the_schema_sinks_only_its_own_filing() {
    let world = World::start().await;
    world.submit("好一").await;
    let bad = world.submit("违规格式").await.to_string();
    world.submit("好二").await;
    let events = world.wait_for_ends(3).await;
    assert_eq!(approved_of(&events).len(), 2);
    let rejected = rejected_of(&events);
    assert_eq!((rejected.len(), rejected[0].order_id.as_str()), (1, bad.as_str()));
    assert_eq!(rejected[0].results[0].code, 5001);
    assert_eq!(received_of(&events).len(), 3, "received is told once");
}

#[tokio::test]
async fn the_counter_of_an_account_in_use_is_taken_over() {
    let world = World::with_bureau(|b| b.with(|b| b.first_sequence = 41)).await;
    world.submit("单位").await;
    let events = world.wait_for_ends(1).await;
    assert_eq!(received_of(&events)[0].data_sequence, 42);
    world.assert_gapless_and_once();
}
