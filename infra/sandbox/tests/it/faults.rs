//! Faults that a test asks for.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::provider::{Document, World, fast};

#[tokio::test]
async fn a_dropped_answer_still_has_its_effect() {
    let world = World::start(fast()).await;
    let fault = json!({"kind": "drop_response", "operation": "isp_upload", "times": 1});
    world.set("/bureau/faults", fault).await;
    let upload = world.upload(1, &Document::new(1).xml());
    assert!(world.send(&upload).await.is_err(), "the connection closes without an answer");
    let uploads = world.get("/bureau/uploads").await;
    assert_eq!(uploads[0]["last_sequence"], 1);
    assert_eq!(world.code(&upload).await, "0", "the repeat is recognised");
    let seen = world.wait_for("example1.cn", "approved").await;
    assert_eq!(seen["records_received"], 1);
}

#[tokio::test]
async fn a_code_is_answered_as_often_as_asked_and_has_no_effect() {
    let world = World::start(fast()).await;
    let fault = json!({"kind": "msg_code", "operation": "isp_upload", "code": 901, "times": 2});
    world.set("/bureau/faults", fault).await;
    let upload = world.upload(1, &Document::new(1).xml());
    assert_eq!(world.code(&upload).await, "901");
    assert_eq!(world.code(&world.call("isp_download")).await, "2");
    assert_eq!(world.code(&upload).await, "901");
    assert_eq!(world.get("/bureau/uploads").await[0]["last_sequence"], 0);
    assert_eq!(world.code(&upload).await, "0");
}

#[tokio::test]
async fn a_delay_delays() {
    let world = World::start(fast()).await;
    let fault = json!({"kind": "delay", "operation": "isp_download", "delay_ms": 60});
    world.set("/bureau/faults", fault).await;
    let started = Instant::now();
    assert_eq!(world.code(&world.call("isp_download")).await, "2");
    assert!(started.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn nonsense_is_explained() {
    let world = World::start(fast()).await;
    let cases = [
        ("/bureau/faults", json!({"kind": "msg_code", "operation": "isp_upload"}), "`code`"),
        ("/bureau/faults", json!({"kind": "delay", "operation": "isp_other"}), "`operation`"),
        ("/bureau/script", json!({"domain": "a.cn", "reject": {}}), "unknown field `reject`"),
        ("/bureau/settings", json!({"window": 1}), "unknown field `window`"),
        ("/people", json!({"mobile": "1", "answers": true}), "`mobile`"),
        ("/clock/advance", json!({"ms": -1}), "forward only"),
        ("/clock/advance", json!({"seconds": 1}), "unknown field `seconds`"),
    ];
    for (path, body, expected) in cases {
        let (status, problem) = world.post(path, body).await;
        assert_eq!(status, 422, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(expected), "{detail}");
    }
    let (status, _) = world.post("/healthz", json!({})).await;
    assert_eq!(status, 405);
    let (status, _) = world.post("/nothing", json!({})).await;
    assert_eq!(status, 404);
}
