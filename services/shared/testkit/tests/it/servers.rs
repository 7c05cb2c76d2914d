//! Servers start, restart, forget on demand, and never outlive their owner.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use icp_testkit::{NatsOptions, NatsServer, Postgres, PostgresOptions, shared, wait_until};
use sqlx::{Connection, PgConnection};

async fn number_in(url: &str, sql: &'static str) -> i32 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
}

fn is_open(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[tokio::test]
async fn postgres_keeps_its_data_over_a_restart() {
    let parent = tempfile::tempdir().unwrap();
    // Readable for the user as whom Postgres runs when this test runs as root.
    std::fs::set_permissions(parent.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let dir = parent.path().join("postgres");

    let first = Postgres::start(&dir, PostgresOptions::durable()).await.unwrap();
    assert_eq!(first.dir(), dir);
    let url = first.create_database("kept").await.unwrap();
    assert_eq!(first.create_database("kept").await.unwrap(), url, "creating it twice is the same as once");
    assert!(first.create_database("Not; plain").await.is_err());
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE answers (answer int); INSERT INTO answers VALUES (42)")
        .execute(&mut connection)
        .await
        .unwrap();
    assert!(first.dump("kept").await.unwrap().contains("42"));
    let port = first.port();
    first.stop().await.unwrap();
    assert!(!is_open(port));

    let second = Postgres::start(&dir, PostgresOptions::for_tests()).await.unwrap();
    assert_eq!(number_in(&second.url("kept"), "SELECT answer FROM answers").await, 42);
}

#[tokio::test]
async fn databases_of_the_shared_postgres_are_apart() {
    let shared = shared().await.unwrap();
    let (one, other) = tokio::try_join!(shared.fresh_database("testkit"), shared.fresh_database("testkit")).unwrap();
    assert_ne!(one.name, other.name);
    assert_eq!(number_in(&one.url, "SELECT 1").await, 1);
    assert_eq!(number_in(&other.url, "SELECT 1").await, 1);
}

fn files_below(dir: &Path) -> usize {
    std::fs::read_dir(dir).into_iter().flatten().flatten().count()
}

#[tokio::test]
async fn nats_restarts_on_its_port_and_can_forget() {
    let parent = tempfile::tempdir().unwrap();
    let mut nats = NatsServer::start(parent.path(), NatsOptions::default()).await.unwrap();
    let port = nats.port();
    let marker = nats.store().join("marker");
    std::fs::write(&marker, "kept over restarts").unwrap();

    nats.stop().await.unwrap();
    assert!(!is_open(port));
    nats.restart().await.unwrap();
    assert!(is_open(port) && marker.exists());

    nats.kill().await.unwrap();
    assert!(!is_open(port));
    nats.restart().await.unwrap();
    assert!(marker.exists());

    nats.wipe().await.unwrap();
    assert!(is_open(port) && !marker.exists());
    assert_eq!(nats.port(), port);
    assert!(files_below(&nats.store()) <= 1, "only the server's own folder");

    drop(nats);
    assert!(!is_open(port));
}

#[tokio::test]
async fn a_paused_nats_goes_on_later() {
    let mut nats = NatsServer::start_temp().await.unwrap();
    let dir = nats.dir().to_owned();
    nats.pause().unwrap();
    nats.resume().unwrap();
    nats.restart().await.unwrap();
    drop(nats);
    assert!(!dir.exists(), "a temporary directory goes with its server");
}

#[tokio::test]
async fn what_does_not_start_says_why() {
    let parent = tempfile::tempdir().unwrap();
    let options = NatsOptions { extra_configuration: "no_such_setting: {".into(), ..NatsOptions::default() };
    let error = NatsServer::start(parent.path(), options).await.unwrap_err();
    assert!(format!("{error:#}").contains("nats-server did not start"), "{error:#}");
}

/// Not a test of its own: the process that `kill_9_of_the_owner_ends_the_servers` starts and kills.
#[tokio::test]
#[ignore = "run by kill_9_of_the_owner_ends_the_servers"]
async fn owner_of_shared_servers() {
    let shared = shared().await.unwrap();
    println!(
        "\nowner {} {} {} {}",
        shared.postgres.port(),
        shared.nats.port(),
        shared.postgres.dir().display(),
        shared.nats.dir().display()
    );
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn kill_9_of_the_owner_ends_the_servers() {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["servers::owner_of_shared_servers", "--exact", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = BufReader::new(owner.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .find(|line| line.starts_with("owner "))
        .expect("the owner says what it owns");
    let words: Vec<&str> = line.split(' ').collect();
    let ports: Vec<u16> = words[1..3].iter().map(|port| port.parse().unwrap()).collect();
    assert!(ports.iter().all(|port| is_open(*port)));

    owner.kill().unwrap();
    owner.wait().unwrap();

    wait_until("the servers and their directories to be gone", Duration::from_secs(30), || async {
        let left: Vec<_> = words[3..].iter().filter(|dir| Path::new(dir).exists()).collect();
        let open: Vec<_> = ports.iter().filter(|port| is_open(**port)).collect();
        if left.is_empty() && open.is_empty() { Ok(()) } else { Err(format!("open {open:?}, left {left:?}")) }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn postgres_runs_even_where_its_user_cannot_go() {
    let parent = tempfile::tempdir().unwrap();
    std::fs::set_permissions(parent.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let postgres = Postgres::start(&parent.path().join("postgres"), PostgresOptions::for_tests()).await.unwrap();
    assert_eq!(number_in(&postgres.url("postgres"), "SELECT 1").await, 1);
    assert_eq!(postgres.dir().starts_with(parent.path()), !nix::unistd::Uid::effective().is_root());
}
