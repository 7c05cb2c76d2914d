//! Publish, activate, refuse, shadow, report, roll back: against two hosts on a real bus.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use icp_domain::Province;
use icp_rules_host::follow::{FollowOptions, Follower, follow};
use icp_rules_host::{Host, HostConfig, HostError, SigningKey};
use icp_rules_sdk::{Context, Date, Order};
use icp_testkit::{NatsServer, wait_until};
use serde_json::Value;

use crate::tool::{Printed, icpctl, modules, text};

struct World {
    server: NatsServer,
    hosts: Vec<Arc<Host>>,
    _followers: Vec<Follower>,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        Self::start_with(Host::new).await
    }

    async fn start_with(host: impl Fn(HostConfig) -> Result<Arc<Host>, HostError>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::from_seed("author", &[7; 32]);
        std::fs::write(folder.path().join("author.key"), key.to_file()).unwrap();
        let server = NatsServer::start_temp().await.unwrap();
        let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
        let config = HostConfig { trusted_keys: vec![key.trusted()], ..HostConfig::default() };
        let hosts: Vec<_> = (0..2).map(|_| host(config.clone()).unwrap()).collect();
        let every = Duration::from_millis(300);
        let followers = hosts.iter().zip(["one", "two"]).map(|(host, name)| {
            let options = FollowOptions { host: name.to_owned(), compare_every: every, report_every: every };
            follow(Arc::clone(host), jetstream.clone(), options)
        });
        let followers = followers.collect();
        Self { server, hosts, _followers: followers, folder }
    }

    async fn run(&self, words: &str, module: Option<&std::path::Path>) -> Printed {
        let key = self.folder.path().join("author.key");
        let mut arguments: Vec<String> = words.split(' ').map(str::to_owned).collect();
        arguments.extend(["--nats".to_owned(), self.server.url()]);
        if let Some(module) = module {
            arguments.extend([text(module).to_owned(), "--key".to_owned(), text(&key).to_owned()]);
        }
        tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            icpctl(&arguments)
        })
        .await
        .unwrap()
    }

    async fn json(&self, words: &str, module: Option<&std::path::Path>) -> Value {
        self.run(&format!("{words} --json"), module).await.json()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_goes_from_a_file_to_every_host_and_back() {
    let modules = tokio::task::spawn_blocking(modules).await.unwrap();
    let world = World::start().await;
    let empty = world.run("rules list", None).await;
    assert!(empty.stdout.contains("No province has an active module"), "{empty:?}");
    let nothing = world.run("rules rollback gd", None).await;
    assert!(nothing.refusal().contains("no release of gd is active"), "{nothing:?}");

    // Stored, then active on both.
    let active = world.json("rules publish --activate", Some(&modules.gd)).await;
    assert_eq!(active["hosts"].as_array().unwrap().len(), 2, "{active}");
    let stored = world.run("rules publish", Some(&modules.gd_notice)).await;
    assert!(stored.is_success && stored.stdout.contains("It does not judge yet"), "{stored:?}");
    let listed = world.json("rules list", None).await;
    assert_eq!(listed["provinces"][0]["named"]["version"], "1.0.0", "{listed}");
    let all = world.run("rules list --stored", None).await;
    assert!(all.stdout.contains("1.0.0") && all.stdout.contains("1.1.0"), "{all:?}");

    // In shadow, with a report on live orders.
    let unknown = world.run("rules shadow gd 7.7.7", None).await;
    assert!(unknown.refusal().contains("stored are"), "{unknown:?}");
    let none = world.run("rules report gd", None).await;
    assert!(none.refusal().contains("icpctl rules shadow"), "{none:?}");
    world.json("rules shadow gd 1.1.0", None).await;
    wait_until("the shadow on both hosts", Duration::from_secs(60), || async {
        let begun = world.hosts.iter().all(|host| host.shadow_report(Province::Guangdong).is_some());
        if begun { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await
    .unwrap();
    let mut filing = icp_testkit::filings::company_filing(Province::Guangdong, 1);
    filing.services[0].name = String::from("示例茶具选购大全");
    for host in &world.hosts {
        let context = Context::on(Date::new(2026, 11, 20));
        host.judge_order(Province::Guangdong, "an-order", &Order::from(&filing), &context);
    }
    wait_until("the report of both hosts", Duration::from_secs(60), || async {
        let report = world.run("rules report gd", None).await;
        let is_complete = report.stdout.contains("2 orders judged by both: 0 the same, 2 differing")
            && report.stdout.contains("name_deny_all")
            && report.stdout.contains("an-order");
        if is_complete { Ok(()) } else { Err(format!("{report:?}")) }
    })
    .await
    .unwrap();

    // Active, shown, and back again in one command.
    let active = world.json("rules activate gd 1.1.0", None).await;
    assert_eq!(active["hosts"].as_array().unwrap().len(), 2, "{active}");
    let shown = world.run("rules show gd", None).await;
    assert!(shown.stdout.contains("version 1.1.0"), "{shown:?}");
    let back = world.json("rules rollback gd", None).await;
    assert_eq!(back["release"]["version"], "1.0.0");
    for host in &world.hosts {
        assert_eq!(host.active(Province::Guangdong).unwrap().version(), "1.0.0");
    }
    assert!(world.run("rules shadow gd --end", None).await.is_success);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_hosts_refuse_is_told_and_the_old_module_stays() {
    let modules = tokio::task::spawn_blocking(modules).await.unwrap();
    let world = World::start().await;
    assert!(world.run("rules publish --activate", Some(&modules.zj)).await.is_success);
    let before = world.hosts[0].active(Province::Zhejiang).unwrap().digest.clone();

    // A key that only its owner trusts. Another digest: the same module would be active already.
    let other = world.folder.path().join("other.wasm");
    let bytes = [std::fs::read(&modules.zj).unwrap().as_slice(), b"\0\x02\x01x"].concat();
    std::fs::write(&other, bytes).unwrap();
    let stranger = SigningKey::from_seed("stranger", &[9; 32]);
    std::fs::write(world.folder.path().join("author.key"), stranger.to_file()).unwrap();
    let refused = world.run("rules publish --activate", Some(&other)).await;
    assert!(refused.refusal().contains("is refused at step signature"), "{refused:?}");
    assert!(refused.refusal().contains("intake.rules.keys"), "{refused:?}");
    let listed = world.run("rules list", None).await;
    assert!(listed.stdout.contains("0/2") && listed.stdout.contains("refused at step signature"), "{listed:?}");
    for host in &world.hosts {
        assert_eq!(host.active(Province::Zhejiang).unwrap().digest, before);
    }
    // Back to what runs.
    assert!(world.run("rules rollback zj", None).await.is_success);
    let listed = world.run("rules list", None).await;
    assert!(listed.stdout.contains("2/2") && !listed.stdout.contains("refused"), "{listed:?}");

    // What fails its vectors here does not reach the bus.
    let hostile = world.run("rules publish", Some(&world.folder.path().join("author.key"))).await;
    assert!(hostile.refusal().contains("refused at step compile"), "{hostile:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_of_the_future_is_planned_shown_and_taken_back() {
    let modules = tokio::task::spawn_blocking(modules).await.unwrap();
    // Guangdong's notice comes into force on the next day.
    let in_october = |config| Host::with_today(config, || Date::new(2026, 10, 31));
    let world = World::start_with(in_october).await;
    wait_until("the day of both hosts", Duration::from_secs(60), || async {
        let jetstream = jetstream::new(async_nats::connect(world.server.url()).await.unwrap());
        match icp_rules_host::status::today(&jetstream).await.unwrap() {
            Date { month: 10, .. } => Ok(()),
            other => Err(format!("it is {}", other.iso())),
        }
    })
    .await
    .unwrap();
    let alone = world.run("rules publish --activate", Some(&modules.gd_notice)).await;
    assert!(alone.refusal().contains("that could judge until 2026-11-01"), "{alone:?}");

    assert!(world.run("rules publish --activate", Some(&modules.gd)).await.is_success);
    let stored = world.run("rules publish", Some(&modules.gd_notice)).await;
    assert!(stored.stdout.contains("on 2026-11-01, when it comes into force"), "{stored:?}");
    let planned = world.run("rules activate gd 1.1.0", None).await;
    assert!(planned.is_success && planned.stdout.contains("at the beginning of 2026-11-01"), "{planned:?}");
    assert!(planned.stdout.contains("2 host(s) have proved it") && planned.stdout.contains("Until then gd 1.0.0"));
    let listed = world.run("rules list", None).await;
    assert!(listed.stdout.contains("1.1.0 from 2026-11-01") && listed.stdout.contains("2/2"), "{listed:?}");
    for host in &world.hosts {
        assert_eq!(host.active(Province::Guangdong).unwrap().version(), "1.0.0");
    }

    let back = world.run("rules rollback gd", None).await;
    assert!(back.is_success && back.stdout.contains("for 2026-11-01 is taken back"), "{back:?}");
    assert!(!world.run("rules list", None).await.stdout.contains("from 2026-11-01"));
    let nothing = world.run("rules rollback gd", None).await;
    assert!(nothing.refusal().contains("no earlier release of gd"), "{nothing:?}");
}
