//! The clock's offset reaches NATS, and a restarted sandbox goes on from it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use icp_sandbox::Config;
use serde_json::json;

use crate::provider::{World, fast};

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn start_nats(folder: &std::path::Path) -> (Server, String) {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let child = Command::new("nats-server")
        .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("nats-server is needed for this test");
    let server = Server(child);
    let started = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(10), "nats-server did not start");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (server, format!("nats://127.0.0.1:{port}"))
}

#[tokio::test]
async fn the_offset_is_shared_and_survives() {
    let folder = tempfile::tempdir().unwrap();
    let (server, url) = start_nats(folder.path()).await;
    let config = || Config { nats_url: Some(url.clone()), ..fast() };
    let world = World::start(config()).await;
    world.set("/clock/advance", json!({"ms": 1000})).await;
    let clock = world.set("/clock/advance", json!({"ms": 500})).await;
    assert_eq!(clock["offset_ms"], 1500);

    let client = async_nats::connect(&url).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let bucket = context.get_key_value("icp_clock").await.unwrap();
    let value = bucket.get("offset_ms").await.unwrap().unwrap();
    assert_eq!(value.as_ref(), b"1500");
    world.sandbox.shutdown().await;

    let world = World::start(config()).await;
    assert_eq!(world.get("/clock").await["offset_ms"], 1500);

    drop(server);
    let (status, _) = world.post("/clock/advance", json!({"ms": 1})).await;
    assert_eq!(status, 503);
    assert_eq!(world.get("/clock").await["offset_ms"], 1500, "nothing moved");
}
