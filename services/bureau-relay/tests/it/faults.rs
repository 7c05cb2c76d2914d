//! What goes wrong between the relay and a bureau, and inside.

use icp_testkit::wait_until;
use uuid::Uuid;

use crate::fake_bureau::Fault;
use crate::world::{BOUND, World, approved_of, received_of};

#[tokio::test]
async fn a_lost_answer_is_asked_for_and_nothing_is_sent_twice() {
    let world = World::with_bureau(|b| {
        b.with(|b| b.upload_faults.extend([Fault::AnswerLost, Fault::EffectAndUnclear, Fault::AnswerLost]));
    })
    .await;
    for round in 1..=3 {
        world.submit("单位").await;
        world.wait_for_ends(round).await;
    }
    world.assert_gapless_and_once();
    let calls = world.bureau.with(|b| b.upload_calls.clone());
    assert_eq!(calls, [1, 2, 3], "an upload that arrived is not sent again");
    let events = world.events().await;
    assert_eq!((received_of(&events).len(), approved_of(&events).len()), (3, 3));
}

#[tokio::test]
async fn a_lost_request_is_sent_again_with_the_same_number() {
    let world = World::with_bureau(|b| {
        b.with(|b| {
            b.upload_faults.extend([Fault::RequestLost, Fault::Code(999), Fault::RequestLost]);
            b.query_faults.extend([Fault::RequestLost, Fault::Code(901)]);
        });
    })
    .await;
    world.submit("单位").await;
    world.wait_for_ends(1).await;
    world.assert_gapless_and_once();
    assert_eq!(world.bureau.with(|b| b.taken.len()), 1);
}

#[tokio::test]
async fn maintenance_full_queue_and_closed_hours_only_delay() {
    let world = World::with_bureau(|b| {
        b.with(|b| {
            b.upload_faults.extend([Fault::Code(901), Fault::Code(15), Fault::Code(20)]);
            b.download_faults.extend([Fault::Code(902), Fault::RequestLost, Fault::Code(999)]);
        });
    })
    .await;
    world.submit("单位").await;
    let events = world.wait_for_ends(1).await;
    assert_eq!(approved_of(&events).len(), 1);
    world.assert_gapless_and_once();
}

#[tokio::test]
async fn a_gap_is_filled_with_the_files_as_they_were() {
    let world = World::start().await;
    for round in 1..=3 {
        world.submit("单位").await;
        world.wait_for_ends(round).await;
    }
    // The bureau is restored from a backup and forgets two uploads.
    let forgotten = world.bureau.with(|b| {
        b.decides_at_once = false;
        b.taken.split_off(1)
    });
    world.submit("后来").await;
    wait_until("the gap to be filled", BOUND, || async {
        let taken = world.bureau.with(|b| b.taken.len());
        if taken == 4 { Ok(()) } else { Err(format!("{taken} uploads")) }
    })
    .await
    .unwrap();
    world.assert_gapless_and_once();
    let hashes = |uploads: &[crate::fake_bureau::TakenUpload]| -> Vec<String> {
        uploads.iter().map(|upload| upload.hash.clone()).collect()
    };
    let again = world.bureau.with(|b| hashes(&b.taken[1..3]));
    assert_eq!(again, hashes(&forgotten), "byte for byte");
    world.bureau.with(|b| {
        let last = b.taken[3].clone();
        b.decide(&last);
    });
    let events = world.wait_for_ends(4).await;
    assert_eq!(received_of(&events).len(), 4, "the resent uploads are not told again");
}

#[tokio::test]
async fn a_repeated_task_is_one_filing() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    let task = world.task(order_id, 1, |_| {}).await;
    let id = Uuid::now_v7();
    for id in [id, id, Uuid::now_v7(), Uuid::now_v7()] {
        world.publish(id, &task).await;
    }
    // A second order that comes after them shows that all of them were handled.
    world.submit("后来").await;
    let events = world.wait_for_ends(2).await;
    assert_eq!((received_of(&events).len(), approved_of(&events).len()), (2, 2));
    world.assert_gapless_and_once();
}

#[tokio::test]
async fn a_download_that_comes_again_is_processed_once() {
    let world = World::with_bureau(|b| {
        b.with(|b| {
            b.acknowledge_faults.extend([Fault::RequestLost, Fault::AnswerLost, Fault::Code(902), Fault::RequestLost]);
            b.download_faults.extend([Fault::None, Fault::WrongHash, Fault::WrongHash]);
        });
    })
    .await;
    world.submit("单位").await;
    let events = world.wait_for_ends(1).await;
    assert_eq!(approved_of(&events).len(), 1);
    wait_until("the bureau's queue to be empty", BOUND, || async {
        let waiting = world.bureau.with(|b| b.waiting.len());
        if waiting == 0 { Ok(()) } else { Err(format!("{waiting} files")) }
    })
    .await
    .unwrap();
    assert_eq!(approved_of(&world.events().await).len(), 1);
}

#[tokio::test]
async fn an_unreadable_download_is_kept_and_does_not_block_the_next() {
    let world = World::with_bureau(|b| {
        b.with(|b| {
            b.hand_out("<broken>");
            b.hand_out("<HMDLB><x>1</x></HMDLB>");
        });
    })
    .await;
    world.submit("单位").await;
    world.wait_for_ends(1).await;
    let kept: Vec<(bool, Vec<String>)> =
        sqlx::query_as("select problem is not null, unhandled from downloads order by received_at limit 2")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert_eq!(kept, [(true, vec![]), (false, vec!["ICP/HMDLB".to_owned()])]);
}

#[tokio::test]
async fn a_refused_account_stops_the_queue_until_the_cause_is_gone() {
    let world = World::with_bureau(|b| b.with(|b| b.upload_faults.extend([Fault::Code(19), Fault::Code(19)]))).await;
    world.submit("单位").await;
    let reason = world.wait_for_stop().await;
    assert!(reason.contains("19"), "{reason}");
    world.wait_for_ends(1).await;
    let stopped: Option<String> =
        sqlx::query_scalar("select stopped_reason from accounts").fetch_one(&world.pool).await.unwrap();
    assert_eq!(stopped, None);
}

#[tokio::test]
async fn a_foreign_upload_stops_the_queue() {
    let world = World::start().await;
    world.submit("单位").await;
    world.wait_for_ends(1).await;
    world.bureau.with(|b| {
        let mut foreign = b.taken[0].clone();
        foreign.sequence = 2;
        foreign.hash = "foreign".into();
        foreign.file.beian_info.clear();
        b.taken.push(foreign);
    });
    world.submit("后来").await;
    let reason = world.wait_for_stop().await;
    assert!(reason.contains("did not send"), "{reason}");
}

#[tokio::test]
async fn a_file_that_is_too_large_is_split() {
    let world = World::with_bureau(|b| b.with(|b| b.max_filings = 1)).await;
    for name in ["一", "二", "三"] {
        world.submit(name).await;
    }
    let events = world.wait_for_ends(3).await;
    assert_eq!(approved_of(&events).len(), 3);
    world.assert_gapless_and_once();
}

/// The process is killed again and again, wherever it happens to be, while answers are lost too.
#[tokio::test]
async fn killed_at_any_moment_every_filing_arrives_and_is_told_once() {
    let mut world = World::with_bureau(|b| {
        b.with(|b| {
            for round in 0..40 {
                b.upload_faults.push_back([Fault::None, Fault::AnswerLost, Fault::RequestLost][round % 3]);
                b.acknowledge_faults.push_back([Fault::None, Fault::AnswerLost][round % 2]);
            }
        });
    })
    .await;
    const FILINGS: usize = 24;
    let mut seed = 20_240_102_u64;
    for filing in 0..FILINGS {
        world.submit(&format!("单位{filing}")).await;
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Not a wait on something: the moment of the kill is what this test varies.
        tokio::time::sleep(std::time::Duration::from_millis((seed >> 33) % 160)).await;
        world.kill();
        world.live().await;
    }
    let events = world.wait_for_ends(FILINGS).await;
    world.assert_gapless_and_once();
    assert_eq!(world.bureau.names().len(), FILINGS);
    assert_eq!(received_of(&events).len(), FILINGS);
    assert_eq!(approved_of(&events).len(), FILINGS);
}
