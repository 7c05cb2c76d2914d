//! Timers fire once, in order, when the clock says so, and only if nobody changed their mind.

use chrono::Utc;
use icp_bus::Outgoing;
use icp_proto::schedule::{CancelTimers, SetTimers, Timer};
use uuid::Uuid;

use crate::world::World;

const HOUR_MS: i64 = 3_600_000;

/// Timers as (name, hours from now).
fn set(key: &str, order_id: Option<Uuid>, timers: &[(&str, i64)]) -> Outgoing {
    let now = Utc::now().timestamp_millis();
    let timer = |(name, hours): &(&str, i64)| Timer { name: (*name).into(), fire_at_unix_ms: now + hours * HOUR_MS };
    let message = SetTimers {
        owner: "sms".into(),
        key: key.into(),
        order_id: order_id.map(|id| id.to_string()).unwrap_or_default(),
        timers: timers.iter().map(timer).collect(),
    };
    Outgoing::task("schedule", "set", key, &message)
}

fn cancel(key: &str) -> Outgoing {
    Outgoing::task("schedule", "cancel", key, &CancelTimers { owner: "sms".into(), key: key.into() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_clock_fires_everything_that_is_due_once_and_in_order() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    world
        .send([set("order/1", Some(order_id), &[("expire", 24), ("reminder_6h", 6), ("at_once", -1), ("never", 90)])])
        .await;
    world.announced(&["at_once"]).await;
    world.move_clock_to(24).await;
    world.announced(&["at_once", "reminder_6h", "expire"]).await;

    let fired = world.fired().await;
    let expire = fired.last().unwrap();
    assert_eq!((expire.owner.as_str(), expire.key.as_str()), ("sms", "order/1"));
    assert_eq!(expire.order_id, order_id.to_string());
    assert!(expire.fired_at_unix_ms >= expire.due_at_unix_ms);
    let subject: String =
        sqlx::query_scalar("select distinct subject from outbox").fetch_one(&world.pool).await.unwrap();
    assert_eq!(subject, "icp.evt.schedule.v1.fired.sms");
    let journal: Vec<String> = sqlx::query_scalar("select what from journal where order_id = $1 order by at, seq")
        .bind(order_id)
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert_eq!(journal, ["timer at_once fired", "timer reminder_6h fired", "timer expire fired"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_timers_are_silent_and_a_late_set_does_not_bring_them_back() {
    let world = World::start().await;
    world.send([set("order/1", None, &[("reminder", 1), ("expire", 1)]), cancel("order/1")]).await;
    // Sent before the cancel, delivered after it.
    let late = set("order/2", None, &[("expire", 1)]);
    world.send([cancel("order/2"), late]).await;
    // Asked for again after the cancel: that counts.
    world.send([cancel("order/3")]).await;
    world.send([set("order/3", None, &[("again", 1)])]).await;
    world.handled(6).await;
    world.move_clock_to(3).await;
    world.announced(&["again"]).await;
    let left: i64 = sqlx::query_scalar("select count(*) from timers").fetch_one(&world.pool).await.unwrap();
    assert_eq!(left, 1, "cancelled timers are gone");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_replaces_what_has_not_fired() {
    let world = World::start().await;
    world
        .send([
            set("order/1", None, &[("done", -1), ("moved", 1), ("dropped", 1)]),
            set("order/2", None, &[("other_key", 4)]),
        ])
        .await;
    world.announced(&["done"]).await;
    world.send([set("order/1", None, &[("moved", 3), ("new", 2)])]).await;
    world.handled(3).await;
    world.move_clock_to(5).await;
    world.announced(&["done", "new", "moved", "other_key"]).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_that_came_due_while_the_service_was_down_fire_at_its_start() {
    let mut world = World::start().await;
    world.send([set("order/1", None, &[("expire", 24)])]).await;
    world.handled(1).await;
    world.stop_service();
    world.move_clock_to(24).await;
    world.start_service().await;
    world.announced(&["expire"]).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_due_timers_fire_once_each() {
    let world = World::start().await;
    let keys: Vec<String> = (0..300).map(|number| format!("order-{number}/1")).collect();
    world.send(keys.iter().map(|key| set(key, None, &[("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)]))).await;
    world.handled(300).await;
    world.move_clock_to(6).await;
    icp_testkit::wait_until("all timers to fire", crate::world::BOUND, || async {
        let fired = world.fired().await.len();
        if fired >= 1500 { Ok(()) } else { Err(format!("{fired} of 1500")) }
    })
    .await
    .unwrap();
    let mut fired: Vec<(String, String)> = world.fired().await.into_iter().map(|f| (f.key, f.name)).collect();
    fired.sort();
    fired.dedup();
    assert_eq!(fired.len(), 1500);
    world.finish().await;
}
