//! Following a real bus: activation, refusal, roll-back, a wiped bus.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use icp_domain::Province;
use icp_rules_host::follow::{FollowStatus, follow_comparing_every};
use icp_rules_host::publish::{announce, publish};
use icp_rules_host::{Host, LoadStep, SigningKey};
use icp_testkit::NatsServer;
use tokio::sync::watch;

use crate::guests::{guests, host, key, vectors};

const PATIENCE: Duration = Duration::from_secs(60);

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
    let follower = follow_comparing_every(Arc::clone(&host), jetstream.clone(), Duration::from_millis(500));
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
