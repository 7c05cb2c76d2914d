//! Cron jobs: one replica does an occurrence, missed ones are made up for once.

use chrono::{DateTime, Utc};
use icp_schedule::cron::run_if_due;

use crate::world::World;

async fn next_due(world: &World) -> DateTime<Utc> {
    sqlx::query_scalar("select next_due_at from cron_jobs").fetch_one(&world.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_missed_nights_are_one_run_by_one_replica() {
    let world = World::start().await;
    let ((one, config), (other, _)) = (world.replica().await, world.replica().await);
    assert_eq!(run_if_due(&one, &config).await.unwrap(), None, "nothing is due yet");

    let three_days_ms = 3 * 24 * 3_600_000;
    one.clock.set_offset_ms(three_days_ms);
    other.clock.set_offset_ms(three_days_ms);
    let (first, second) = tokio::join!(run_if_due(&one, &config), run_if_due(&other, &config));
    let runs = [first.unwrap(), second.unwrap()].iter().flatten().count();
    assert_eq!(runs, 1);
    assert_eq!(run_if_due(&one, &config).await.unwrap(), None, "the missed nights were made up for");
    assert!(next_due(&world).await > one.clock.now());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clean_up_takes_what_is_old_and_nothing_else() {
    let world = World::start().await;
    let (replica, mut config) = world.replica().await;
    config.clean_up.delete_batch = 2;
    for statement in [
        "insert into timers (owner, key, name, fire_at, fired_at) select 'x', n::text, 'old', now() - interval '40 days',
         now() - interval '40 days' from generate_series(1, 5) n",
        "insert into timers (owner, key, name, fire_at, fired_at) values ('x', 'r', 'recent', now(), now() - interval '20 days')",
        "insert into timers (owner, key, name, fire_at) values ('x', 'w', 'waits', now() + interval '400 days')",
        "insert into timer_sets (owner, key, message_id, changed_at) values
         ('x', '1', gen_random_uuid(), now() - interval '40 days'), ('x', 'w', gen_random_uuid(), now() - interval '40 days'),
         ('x', 'c', gen_random_uuid(), now() - interval '1 day')",
        "insert into inbox (consumer, message_id, handled_at) values
         ('c', gen_random_uuid(), now() - interval '91 days'), ('c', gen_random_uuid(), now() - interval '89 days')",
        "update cron_jobs set next_due_at = now() - interval '1 second'",
    ] {
        sqlx::query(statement).execute(&world.pool).await.unwrap();
    }
    let removed = run_if_due(&replica, &config).await.unwrap().unwrap();
    assert_eq!((removed.timers, removed.timer_sets, removed.inbox), (5, 1, 1));
    let mut left: Vec<String> = sqlx::query_scalar("select name from timers").fetch_all(&world.pool).await.unwrap();
    left.sort();
    assert_eq!(left, ["recent", "waits"]);
    world.finish().await;
}
