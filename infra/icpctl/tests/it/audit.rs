//! The audit trail as intake hands it out: exported, followed to its end, and caught where it was changed.

use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;

use crate::tool::{icpctl, text};

/// The lines to which intake's own tests hold intake.
const GOLDEN: &str = include_str!("../../../../services/intake/src/audit/golden.ndjson");

/// Intake's export, two entries to a page.
async fn audit(
    headers: HeaderMap,
    Query(query): Query<std::collections::BTreeMap<String, String>>,
) -> Result<String, StatusCode> {
    if headers["authorization"] != "Bearer auditor" {
        return Err(StatusCode::FORBIDDEN);
    }
    let after: usize = query["after"].parse().unwrap();
    Ok(GOLDEN.lines().skip(after).take(2).map(|line| format!("{line}\n")).collect())
}

fn head(line: usize) -> String {
    let line: serde_json::Value = serde_json::from_str(GOLDEN.lines().nth(line).unwrap()).unwrap();
    format!("{}:{}", line["seq"], line["hash"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_intake_is_exported_and_verified() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/audit", get(audit))).await });
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let (token, out) = (folder.path().join("token"), folder.path().join("trail.ndjson"));
        std::fs::write(&token, "auditor\n").unwrap();
        let intake = ["--intake", &url, "--token-file", text(&token)];
        let audit = |verb: &[&str]| icpctl(&[&["audit"], verb, &intake].concat());

        let whole = audit(&["verify", "--anchor", &head(1)]);
        assert!(whole.is_success && whole.stdout.contains(&head(2)), "{whole:?}");
        assert!(audit(&["export", "--out", text(&out)]).is_success);
        assert_eq!(std::fs::read_to_string(&out).unwrap(), GOLDEN);
        assert!(icpctl(&["audit", "verify", text(&out)]).is_success);

        assert!(audit(&["export", "--out", text(&out)]).refusal().contains("choose another place"));
        std::fs::write(&token, "reviewer").unwrap();
        assert!(audit(&["verify"]).refusal().contains("403"));
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_kept_outside_and_the_trail_is_held_against_them() {
    let nats = icp_testkit::NatsServer::start_temp().await.unwrap();
    let jetstream = async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let stream = async_nats::jetstream::stream::Config {
        name: "ICP_EVENTS".to_owned(),
        subjects: vec!["icp.evt.>".to_owned()],
        ..Default::default()
    };
    jetstream.create_stream(stream).await.unwrap();
    let publish = async |day: &str, head: &str| {
        let (seq, hash) = head.split_once(':').unwrap();
        let anchored = icp_proto::audit::Anchored {
            day: day.to_owned(),
            seq: seq.parse().unwrap(),
            hash: hash.to_owned(),
            at_unix_ms: 1,
        };
        let payload = prost::Message::encode_to_vec(&anchored);
        jetstream.publish("icp.evt.audit.v1.anchored.intake", payload.into()).await.unwrap().await.unwrap();
    };
    let folder = tempfile::tempdir().unwrap();
    let (kept, trail) = (folder.path().join("anchors.ndjson"), folder.path().join("trail.ndjson"));
    std::fs::write(&trail, GOLDEN).unwrap();
    let run = async |words: &[&str]| {
        let arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let url = nats.url();
        let run = move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--nats", &url]).collect();
            icpctl(&arguments)
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    };
    let keep = ["audit", "anchors", "--out", text(&kept)];
    assert!(run(&keep).await.stdout.contains("0 new heads"));
    publish("2026-11-21", &head(0)).await;
    publish("2026-11-22", &head(2)).await;
    // Every replica may publish it again.
    publish("2026-11-22", &head(2)).await;
    for expected in ["2 new heads, 2 in", "0 new heads, 2 in"] {
        let answer = run(&keep).await;
        assert!(answer.stdout.contains(expected), "{answer:?}");
    }
    let verify = ["audit", "verify", text(&trail), "--anchors", text(&kept)];
    let whole = run(&verify).await;
    assert!(whole.is_success, "{whole:?}");

    // Cut off behind the head of the first day, though every link of what is left holds.
    std::fs::write(&trail, GOLDEN.lines().take(2).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let cut = run(&verify).await;
    assert!(!cut.is_success && cut.stdout.contains("broken at entry 3"), "{cut:?}");
    // Another head for a day that has one.
    publish("2026-11-22", &format!("3:{}", "a".repeat(64))).await;
    let anew = run(&keep).await;
    assert!(anew.refusal().contains("the head of 2026-11-22 is not the one that was kept"), "{anew:?}");
    assert_eq!(std::fs::read_to_string(&kept).unwrap().lines().count(), 2);
}

/// An entry that was removed before it was linked leaves links that hold, but a gap in the events of its order.
#[test]
fn an_entry_that_never_came_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trail.ndjson");
    let verify = |versions: &[u64]| {
        let mut previous = "0".repeat(64);
        let mut lines = String::new();
        for (seq, version) in (1_u64..).zip(versions) {
            let detail = format!("{{\"version\":{version}}}");
            let at = "2026-11-22T00:00:00.000000Z";
            let texts = [&previous, &seq.to_string(), at, "a", "applicant", "order.amended", "order 0199", &detail];
            let netstrings: String = texts.iter().map(|text| format!("{}:{text},", text.len())).collect();
            let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(netstrings));
            let line = serde_json::json!({
                "seq": seq, "at": at, "actor": "a", "role": "applicant", "action": "order.amended",
                "object": "order 0199", "detail": detail, "previous": previous, "hash": hash,
            });
            lines += &format!("{line}\n");
            previous = hash;
        }
        std::fs::write(&file, lines).unwrap();
        icpctl(&["audit", "verify", text(&file)])
    };
    assert!(verify(&[1, 2, 3]).is_success);
    let gap = verify(&[1, 2, 4]);
    assert!(gap.stdout.contains("broken at entry 3: event 4 of order 0199 stands behind event 2"), "{gap:?}");
    let late = verify(&[2, 3]);
    assert!(late.is_success && late.stdout.contains("1 orders begin with a later event"), "{late:?}");
}

#[test]
fn a_changed_file_names_the_first_entry_that_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trail.ndjson");
    let verify = |content: &str, more: &[&str]| {
        std::fs::write(&file, content).unwrap();
        icpctl(&[&["audit", "verify", text(&file)], more].concat())
    };
    let lines: Vec<&str> = GOLDEN.lines().collect();
    for (content, expected) in [
        (GOLDEN.replace("{\\\"version\\\":2}", "{\\\"version\\\":7}"), "entry 2: its hash is not that of its content"),
        (lines[1..].join("\n"), "entry 1: entry 2 stands in its place"),
        (format!("{}\n{}", lines[0], lines[2]), "entry 2: entry 3 stands in its place"),
        (GOLDEN.replacen(&"0".repeat(64), &"1".repeat(64), 1), "entry 1: it does not name the hash"),
    ] {
        let broken = verify(&content, &[]);
        assert!(!broken.is_success && broken.stdout.contains(expected), "{expected}: {broken:?}");
    }
    // A tail that was cut off contradicts the head that was published.
    let cut = verify(&lines[..2].join("\n"), &["--anchor", &head(2)]);
    assert!(cut.stdout.contains("broken at entry 3"), "{cut:?}");
    let rewritten = verify(GOLDEN, &["--anchor", &format!("2:{}", "a".repeat(64))]);
    assert!(rewritten.stdout.contains("entry 2: its hash is not the one that was published"), "{rewritten:?}");
    assert!(icpctl(&["audit", "verify"]).refusal().contains("--token-file"));
    assert!(verify("{}", &[]).refusal().contains("entry 1"));
    assert!(verify(GOLDEN, &["--anchor", "2"]).refusal().contains("64 hex digits"));
}
