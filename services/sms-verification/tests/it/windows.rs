//! What a window tells the others, and that late, repeated and hostile messages change nothing.

use chrono::Utc;
use icp_bus::Outgoing;
use icp_proto::common::Contact;
use icp_proto::schedule::{CancelTimers, Fired, SetTimers};
use icp_proto::sms::{Close, Open, SmsPersons, WindowEvent};
use uuid::Uuid;

use crate::world::World;

const HOUR_MS: i64 = 3_600_000;
const MOBILES: [&str; 2] = ["13912340001", "13912340002"];

fn persons() -> SmsPersons {
    let person = |name: &str, mobile: &str| Contact { name: name.into(), mobile: mobile.into(), email: String::new() };
    // The third is the first once more, as principal of the service.
    SmsPersons {
        persons: vec![person("张标记", MOBILES[0]), person("李标记", MOBILES[1]), person("张标记", MOBILES[0])],
    }
}

/// An opening some hours ago.
fn open(world: &World, order_id: Uuid, attempt: u32, hours_ago: i64) -> Outgoing {
    let message = Open {
        order_id: order_id.to_string(),
        attempt,
        province: "gd".into(),
        persons: Some(world.intake.seal("sms", &order_id.to_string(), &persons()).unwrap()),
        opened_at_unix_ms: Utc::now().timestamp_millis() - hours_ago * HOUR_MS,
    };
    Outgoing::task("sms", "open", order_id, &message)
}

fn close(order_id: Uuid, attempt: u32, reason: &str) -> Outgoing {
    let message = Close { order_id: order_id.to_string(), attempt, reason: reason.into() };
    Outgoing::task("sms", "close", order_id, &message)
}

/// A timer that fired this many hours from now.
fn fired(order_id: Uuid, attempt: u32, name: &str, hours_ahead: i64) -> Outgoing {
    let at = Utc::now().timestamp_millis() + hours_ahead * HOUR_MS + 1_000;
    let key = format!("{order_id}/{attempt}");
    let message = Fired {
        owner: "sms".into(),
        key: key.clone(),
        name: name.into(),
        order_id: order_id.to_string(),
        due_at_unix_ms: at,
        fired_at_unix_ms: at,
    };
    Outgoing::event("schedule", "fired", "sms", key, &message)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_opened_reminded_of_and_closed() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    world.send([open(&world, order_id, 1, 0)]).await;
    world.handled(1).await;

    let opened: Vec<WindowEvent> = world.sent("icp.evt.sms.v1.opened").await;
    assert_eq!(opened.len(), 1);
    let mobiles: Vec<String> = opened[0]
        .contacts
        .iter()
        .map(|sealed| world.notify.open::<Contact>(sealed, &order_id.to_string()).unwrap().mobile)
        .collect();
    assert_eq!(mobiles, MOBILES, "the same mobile counts once");
    let set: Vec<SetTimers> = world.sent("icp.task.schedule.v1.set").await;
    let hours: Vec<(String, i64)> = set[0]
        .timers
        .iter()
        .map(|timer| (timer.name.clone(), (timer.fire_at_unix_ms - opened[0].deadline_unix_ms) / HOUR_MS + 24))
        .collect();
    let expected = [("reminder_1h", 1), ("reminder_6h", 6), ("reminder_12h", 12), ("reminder_20h", 20), ("expire", 24)];
    assert_eq!(hours, expected.map(|(name, hour)| (name.to_owned(), hour)));
    assert_eq!((set[0].owner.as_str(), set[0].key.clone()), ("sms", format!("{order_id}/1")));

    world.send([fired(order_id, 1, "reminder_1h", 1), fired(order_id, 1, "reminder_1h", 1)]).await;
    world.handled(3).await;
    let reminders: Vec<WindowEvent> = world.sent("icp.evt.sms.v1.reminder_due").await;
    assert_eq!(reminders.iter().map(|r| (r.reminder_hours, r.contacts.len())).collect::<Vec<_>>(), [(1, 2)]);

    world.send([close(order_id, 1, "confirmed"), close(order_id, 1, "returned")]).await;
    world.handled(5).await;
    assert_eq!(world.events().await, ["1 opened", "1 reminder_due", "1 closed"]);
    let cancels: Vec<CancelTimers> = world.sent("icp.task.schedule.v1.cancel").await;
    assert_eq!(cancels.iter().map(|c| c.key.clone()).collect::<Vec<_>>(), [format!("{order_id}/1")]);
    let journal = world.journal(order_id).await;
    let expected = [
        "ministry's SMS window opened for 2 persons",
        "reminder sent out: 1 h after the opening",
        "window closed: confirmed",
    ];
    assert_eq!(journal, expected);
    let kept: Option<Vec<u8>> = sqlx::query_scalar("select persons from windows").fetch_one(&world.pool).await.unwrap();
    assert_eq!(kept, None, "persons are erased when the window is over");
    assert_eq!(world.finish().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_expires_and_a_later_attempt_opens_again() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    world.send([open(&world, order_id, 1, 0)]).await;
    world.handled(1).await;
    // The clock was moved by a day: all timers fire at once, and nobody is reminded of what is over.
    world.send(["reminder_1h", "reminder_6h", "expire"].map(|name| fired(order_id, 1, name, 24))).await;
    world.handled(4).await;
    world.send([close(order_id, 1, "returned"), open(&world, order_id, 2, 0)]).await;
    world.handled(6).await;
    // What belongs to the first attempt is over.
    world.send([open(&world, order_id, 1, 0), close(order_id, 1, "withdrawn"), fired(order_id, 1, "expire", 24)]).await;
    world.handled(9).await;
    assert_eq!(world.events().await, ["1 opened", "1 expired", "1 closed", "2 opened"]);
    let journal = world.journal(order_id).await;
    let expected = [
        "ministry's SMS window opened for 2 persons",
        "window expired without confirmation",
        "window closed: returned",
        "ministry's SMS window opened for 2 persons",
    ];
    assert_eq!(journal, expected);
    assert_eq!(world.finish().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_that_comes_before_its_open_counts() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    world.send([close(order_id, 1, "withdrawn")]).await;
    world.handled(1).await;
    world.send([open(&world, order_id, 1, 0), fired(order_id, 1, "expire", 24)]).await;
    world.handled(3).await;
    assert_eq!(world.events().await, Vec::<String>::new());
    assert_eq!(world.journal(order_id).await, Vec::<String>::new());
    assert_eq!(world.finish().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_opened_does_not_hold_back_the_rest() {
    let world = World::start().await;
    let (good, other_order, nobody) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let sealed_for = |order_id: Uuid, context: Uuid, persons: &SmsPersons| {
        let message = Open {
            order_id: order_id.to_string(),
            attempt: 1,
            province: "gd".into(),
            persons: Some(world.intake.seal("sms", &context.to_string(), persons).unwrap()),
            opened_at_unix_ms: Utc::now().timestamp_millis(),
        };
        Outgoing::task("sms", "open", order_id, &message)
    };
    world
        .send([
            sealed_for(other_order, good, &persons()),
            sealed_for(nobody, nobody, &SmsPersons::default()),
            open(&world, good, 1, 0),
        ])
        .await;
    world.handled(3).await;
    assert_eq!(world.events().await, ["1 opened"]);
    let mut dead = world.finish().await;
    dead.sort();
    // Each was delivered twice, and is one dead letter.
    assert_eq!(dead.len(), 2, "{dead:?}");
    assert!(dead.iter().any(|letter| letter.contains("cannot be opened")), "{dead:?}");
    assert!(dead.iter().any(|letter| letter.contains("nobody has a mobile")), "{dead:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_data_is_stored_in_clear() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    world.send([open(&world, order_id, 1, 0), fired(order_id, 1, "reminder_1h", 1)]).await;
    world.handled(2).await;
    let dump = icp_testkit::shared().await.unwrap().postgres.dump(&world.database.name).await.unwrap();
    assert!(dump.contains(&order_id.to_string()));
    for person in persons().persons {
        for marked in [person.name, person.mobile] {
            let hex: String = marked.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(!dump.contains(&marked) && !dump.contains(&hex), "{marked} is in the dump");
        }
    }
    assert_eq!(world.finish().await, Vec::<String>::new());
}
