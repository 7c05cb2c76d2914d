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
