//! Following a real bus: activation, refusal, roll-back, a wiped bus.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_nats::jetstream;
use icp_domain::Province;
use icp_rules_host::follow::{FollowOptions, FollowStatus, follow};
use icp_rules_host::publish::{
    PublishError, announce, announced, end_shadow, publish, rollback, shadow, store, withdraw,
};
use icp_rules_host::status::{HostStatus, merged_report, statuses};
use icp_rules_host::{Host, LoadStep, Release, SigningKey};
use icp_rules_sdk::Date;
use icp_testkit::NatsServer;
use tokio::sync::watch;

use crate::guests::{config, draft_touched_by_the_notice, guests, host, key, vectors};

const PATIENCE: Duration = Duration::from_secs(60);

fn options(host: &str) -> FollowOptions {
    let every = Duration::from_millis(500);
    FollowOptions { host: host.to_owned(), compare_every: every, report_every: Duration::from_millis(100) }
}

async fn active_version(host: &Arc<Host>, version: &str) {
    let reached = || async { (host.active(Province::Guangdong)?.version() == version).then_some(()) };
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while reached().await.is_none() {
        let now = host.active(Province::Guangdong).map(|info| info.version().to_owned());
        assert!(tokio::time::Instant::now() < deadline, "waited for {version}, active is {now:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits for a status; says the last one when it does not come.
async fn until(status: &mut watch::Receiver<FollowStatus>, what: &str, condition: impl FnMut(&FollowStatus) -> bool) {
    if tokio::time::timeout(PATIENCE, status.wait_for(condition)).await.is_err() {
        panic!("not {what}: {:#?}", status.borrow());
    }
}

fn refused_at(status: &FollowStatus) -> Option<LoadStep> {
    status.provinces.get("gd")?.refused.as_ref().map(|(_, error)| error.step)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_follows_the_bus() {
    let guests = tokio::task::spawn_blocking(guests).await.unwrap();
    let mut server = NatsServer::start_temp().await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let jetstream = jetstream::new(client);
    let host = host();
    let follower = follow(Arc::clone(&host), jetstream.clone(), options("one"));
    let mut status = follower.status();
    until(&mut status, "caught up", |status| status.caught_up).await;
    assert!(host.list().is_empty(), "an empty bus activates nothing");

    // A release with its vectors becomes active.
    let first =
        publish(&jetstream, Province::Guangdong, &guests.gd, "1.0.0", &key(), &vectors("gd", "1.0.0")).await.unwrap();
    active_version(&host, "1.0.0").await;

    // A release of a stranger is refused at its step; the old one stays.
    let stranger = SigningKey::from_seed("stranger", &[9; 32]);
    publish(&jetstream, Province::Guangdong, &guests.gd_notice, "1.1.0", &stranger, &[]).await.unwrap();
    until(&mut status, "refused for its signature", |status| refused_at(status) == Some(LoadStep::Signature)).await;
    assert_eq!(host.active(Province::Guangdong).unwrap().version(), "1.0.0");

    // A host that starts now runs what the others run, and tells the same refusal.
    let late = crate::guests::host();
    let follower_of_late = follow(Arc::clone(&late), jetstream.clone(), options("late"));
    active_version(&late, "1.0.0").await;
    let mut status_of_late = follower_of_late.status();
    until(&mut status_of_late, "refused for its signature", |status| refused_at(status) == Some(LoadStep::Signature))
        .await;
    drop(follower_of_late);

    // A release that fails its vectors is refused too.
    publish(&jetstream, Province::Guangdong, &guests.gd_notice, "1.1.0", &key(), &vectors("gd", "1.0.0"))
        .await
        .unwrap();
    until(&mut status, "refused for its vectors", |status| refused_at(status) == Some(LoadStep::Vectors)).await;
    assert_eq!(host.active(Province::Guangdong).unwrap().version(), "1.0.0");

    // Going back to what is active clears the refusal.
    announce(&jetstream, Province::Guangdong, &first).await.unwrap();
    until(&mut status, "without refusal", |status| refused_at(status).is_none()).await;

    // A wiped bus takes no module away, and is followed again when it is filled again.
    server.wipe().await.unwrap();
    tokio::time::timeout(PATIENCE, async {
        while publish(&jetstream, Province::Guangdong, &guests.gd_notice, "1.1.0", &key(), &vectors("gd", "1.1.0"))
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .unwrap();
    active_version(&host, "1.1.0").await;
    drop(follower);
}

/// Waits until the hosts have told what is expected of them.
async fn told<T>(what: &str, jetstream: &jetstream::Context, expected: impl Fn(&[HostStatus]) -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let told = statuses(jetstream).await.unwrap().remove("gd").unwrap_or_default();
        if let Some(value) = expected(&told) {
            return value;
        }
        assert!(tokio::time::Instant::now() < deadline, "not told: {what}; but {told:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn all_run(told: &[HostStatus], version: &str) -> Option<()> {
    let runs = |status: &HostStatus| status.active.as_ref().is_some_and(|name| name.version == version);
    (told.len() == 2 && told.iter().all(runs)).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_roll_back_together_and_tell_what_they_run_and_refuse() {
    let guests = tokio::task::spawn_blocking(guests).await.unwrap();
    let server = NatsServer::start_temp().await.unwrap();
    let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let (one, two) = (host(), host());
    let _followers =
        [("one", &one), ("two", &two)].map(|(name, host)| follow(Arc::clone(host), jetstream.clone(), options(name)));

    let nothing = rollback(&jetstream, Province::Guangdong).await;
    assert!(matches!(nothing, Err(PublishError::NoneActive("gd"))), "{nothing:?}");
    publish(&jetstream, Province::Guangdong, &guests.gd, "1.0.0", &key(), &vectors("gd", "1.0.0")).await.unwrap();
    told("1.0.0", &jetstream, |told| all_run(told, "1.0.0")).await;
    let nothing = rollback(&jetstream, Province::Guangdong).await;
    assert!(matches!(nothing, Err(PublishError::NoPrevious("gd"))), "{nothing:?}");
    publish(&jetstream, Province::Guangdong, &guests.gd_notice, "1.1.0", &key(), &vectors("gd", "1.1.0"))
        .await
        .unwrap();
    told("1.1.0", &jetstream, |told| all_run(told, "1.1.0")).await;

    // One command, every host; and once more is forward again.
    rollback(&jetstream, Province::Guangdong).await.unwrap();
    told("1.0.0 again", &jetstream, |told| all_run(told, "1.0.0")).await;
    rollback(&jetstream, Province::Guangdong).await.unwrap();
    told("1.1.0 again", &jetstream, |told| all_run(told, "1.1.0")).await;
    // The same announced again does not push out the one to go back to.
    let active = announced(&jetstream, Province::Guangdong).await.unwrap().unwrap();
    announce(&jetstream, Province::Guangdong, &active.release).await.unwrap();
    rollback(&jetstream, Province::Guangdong).await.unwrap();
    told("1.0.0 once more", &jetstream, |told| all_run(told, "1.0.0")).await;

    // A refusal is told with its vector, by every host.
    publish(&jetstream, Province::Guangdong, &guests.gd_notice, "1.1.0", &key(), &vectors("gd", "1.0.0"))
        .await
        .unwrap();
    // The module itself is known: only another digest is loaded again. So a module that nobody has seen.
    let unseen = [guests.gd_notice.as_slice(), b"\0\x02\x01x"].concat();
    publish(&jetstream, Province::Guangdong, &unseen, "1.1.0", &key(), &vectors("gd", "1.0.0")).await.unwrap();
    let refused = told("refused by both", &jetstream, |told| {
        let refusals: Vec<_> = told.iter().filter_map(|status| status.refused.clone()).collect();
        (refusals.len() == 2).then_some(refusals)
    })
    .await;
    for refusal in refused {
        assert_eq!(refusal.error.step, LoadStep::Vectors);
        let vector = refusal.error.vector.unwrap();
        assert!(vector.expected != vector.found, "{vector:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_on_two_hosts_reports_what_both_saw() {
    let guests = tokio::task::spawn_blocking(guests).await.unwrap();
    let server = NatsServer::start_temp().await.unwrap();
    let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let hosts = [host(), host()];
    let _followers =
        [("one", 0), ("two", 1)].map(|(name, at)| follow(Arc::clone(&hosts[at]), jetstream.clone(), options(name)));
    publish(&jetstream, Province::Guangdong, &guests.gd, "1.0.0", &key(), &[]).await.unwrap();
    let candidate = key().sign(&guests.gd_notice, "1.1.0");
    store(&jetstream, Province::Guangdong, &candidate, &guests.gd_notice, &vectors("gd", "1.1.0")).await.unwrap();
    shadow(&jetstream, Province::Guangdong, &candidate).await.unwrap();
    told("the shadow", &jetstream, |told| {
        let shadows = told.iter().filter(|status| status.shadow.as_ref().is_some_and(|name| name.version == "1.1.0"));
        (shadows.count() == 2).then_some(())
    })
    .await;

    let (order, context) = draft_touched_by_the_notice();
    for (host, id) in hosts.iter().zip(["order-1", "order-2"]) {
        host.judge_order(Province::Guangdong, id, &order, &context);
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let merged = loop {
        match merged_report(&jetstream, Province::Guangdong).await.unwrap() {
            Some(merged) if merged.report.judged == 2 => break merged,
            other => assert!(tokio::time::Instant::now() < deadline, "{other:#?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(merged.hosts.len(), 2);
    assert_eq!((merged.report.same, merged.report.differing), (0, 2));
    assert_eq!(merged.report.rules.keys().collect::<Vec<_>>(), ["name_deny_all"]);
    let mut examples = merged.report.examples;
    examples.sort();
    assert_eq!(examples, ["order-1", "order-2"]);

    // Ended everywhere; the reports stay.
    end_shadow(&jetstream, Province::Guangdong).await.unwrap();
    told("no shadow", &jetstream, |told| told.iter().all(|status| status.shadow.is_none()).then_some(())).await;
    assert!(merged_report(&jetstream, Province::Guangdong).await.unwrap().is_some());
}

/// A host whose clock shows this day of October 2026, and can be moved: the notice comes into force on November 1.
fn host_in_october(day: u8) -> (Arc<Host>, Arc<AtomicU8>) {
    let days = Arc::new(AtomicU8::new(day));
    let shown = Arc::clone(&days);
    // After the 31st comes November.
    let today = move || match shown.load(Ordering::SeqCst) {
        day @ ..32 => Date::new(2026, 10, day),
        day => Date::new(2026, 11, day - 31),
    };
    (Host::with_today(config(), today).unwrap(), days)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_of_the_future_is_held_ready_and_becomes_active_on_its_day() {
    let guests = tokio::task::spawn_blocking(guests).await.unwrap();
    let mut server = NatsServer::start_temp().await.unwrap();
    let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let [(one, day_of_one), (two, _)] = [host_in_october(31), host_in_october(31)];
    let _follower_of_one = follow(Arc::clone(&one), jetstream.clone(), options("one"));
    let follower_of_two = follow(two, jetstream.clone(), options("two"));
    let description = tokio::task::block_in_place(|| one.describe(&guests.gd_notice)).unwrap();
    let notice = key().release(&guests.gd_notice, &description);
    assert_eq!(notice.effective_from.unwrap().to_string(), "2026-11-01");
    store(&jetstream, Province::Guangdong, &notice, &guests.gd_notice, &vectors("gd", "1.1.0")).await.unwrap();
    let present = || async {
        let hosts = statuses(&jetstream).await.unwrap().remove("host").unwrap_or_default();
        hosts.iter().filter(|host| host.today.is_some()).count()
    };
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while present().await < 2 {
        assert!(tokio::time::Instant::now() < deadline, "the hosts do not tell their day");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // Nothing would judge until then.
    let alone = announce(&jetstream, Province::Guangdong, &notice).await;
    assert!(matches!(alone, Err(PublishError::NoneUntil("gd", _))), "{alone:?}");

    // Planned: every host holds it ready, and judges as before.
    publish(&jetstream, Province::Guangdong, &guests.gd, "1.0.0", &key(), &vectors("gd", "1.0.0")).await.unwrap();
    told("1.0.0", &jetstream, |told| all_run(told, "1.0.0")).await;
    let planned = announce(&jetstream, Province::Guangdong, &notice).await.unwrap();
    assert_eq!((planned.release.version.as_str(), planned.next.unwrap().version.as_str()), ("1.0.0", "1.1.0"));
    let all_hold = |told: &[HostStatus]| {
        let holds = |status: &HostStatus| status.planned.as_ref().is_some_and(|name| name.version == "1.1.0");
        (told.len() == 2 && told.iter().all(holds)).then_some(())
    };
    told("1.1.0 held ready", &jetstream, all_hold).await;
    assert_eq!(one.active(Province::Guangdong).unwrap().version(), "1.0.0");

    // Taken back and planned again; what nobody planned cannot be taken back.
    assert_eq!(withdraw(&jetstream, Province::Guangdong).await.unwrap().unwrap(), notice);
    assert_eq!(withdraw(&jetstream, Province::Guangdong).await.unwrap(), None);
    told("no plan", &jetstream, |told| told.iter().all(|status| status.planned.is_none()).then_some(())).await;
    announce(&jetstream, Province::Guangdong, &notice).await.unwrap();
    told("1.1.0 held ready again", &jetstream, all_hold).await;
    let another = Release { digest: "0".repeat(64), ..notice.clone() };
    let second = announce(&jetstream, Province::Guangdong, &another).await;
    assert!(matches!(second, Err(PublishError::AlreadyPlanned("gd", ..))), "{second:?}");

    // A host that starts before the day does as the others.
    drop(follower_of_two);
    let (two, day_of_two) = host_in_october(31);
    let _follower_of_two = follow(Arc::clone(&two), jetstream.clone(), options("two"));
    active_version(&two, "1.0.0").await;

    // The day comes to each host by its own clock, without a word on the bus.
    day_of_one.store(32, Ordering::SeqCst);
    active_version(&one, "1.1.0").await;
    assert_eq!(two.active(Province::Guangdong).unwrap().version(), "1.0.0");
    // Nor does it need the bus.
    server.stop().await.unwrap();
    day_of_two.store(33, Ordering::SeqCst);
    active_version(&two, "1.1.0").await;
    server.restart().await.unwrap();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while statuses(&jetstream).await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "the bus does not come back");
    }
    told("1.1.0", &jetstream, |told| all_run(told, "1.1.0")).await;
    let (late, _) = host_in_october(40);
    let _follower_of_late = follow(Arc::clone(&late), jetstream.clone(), options("late"));
    active_version(&late, "1.1.0").await;

    // And back: what was active before that day is known.
    let back = rollback(&jetstream, Province::Guangdong).await.unwrap();
    assert_eq!((back.release.version.as_str(), back.next), ("1.0.0", None));
    active_version(&late, "1.0.0").await;
}
