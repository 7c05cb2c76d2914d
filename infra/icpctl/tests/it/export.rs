//! The stock as intake hands it out: pages, findings of the rules alone, roles.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use icp_domain::Province;
use icp_testkit::filings::company_filing;
use serde_json::{Value, json};

use crate::tool::{icpctl, text};

/// Intake has too much to do, once: whoever asks comes again.
static IS_BUSY: AtomicBool = AtomicBool::new(true);

/// Intake's API as its `OrderView` shows orders: two pages of approved ones.
async fn list(
    headers: HeaderMap,
    Query(query): Query<std::collections::BTreeMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    if headers["authorization"] != "Bearer reviewer" {
        return Err(StatusCode::UNAUTHORIZED);
    }
    assert_eq!((query["phase"].as_str(), query["province"].as_str()), ("approved", "gd"));
    Ok(Json(match query.get("after").map(String::as_str) {
        None => json!({ "orders": [{ "id": "1" }, { "id": "2" }], "next_after": "2" }),
        Some("2") => json!({ "orders": [{ "id": "3" }], "next_after": null }),
        other => panic!("{other:?}"),
    }))
}

async fn order(Path(id): Path<u32>) -> Result<Json<Value>, (StatusCode, [(&'static str, &'static str); 1])> {
    if id == 2 && IS_BUSY.swap(false, Ordering::Relaxed) {
        return Err((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]));
    }
    let finding = |stage: &str| {
        json!({
            "code": "N01", "stage": stage, "severity": "review", "field": "services[0].name",
            "message_zh": "", "message_en": "", "remedy": "", "source": null,
        })
    };
    Ok(Json(json!({
        "id": id.to_string(), "phase": "approved", "findings": [finding("rules"), finding("authority")],
        "service_numbers": [format!("粤ICP备2026{id:06}号-1")], "filing": company_filing(Province::Guangdong, id),
    })))
}

#[tokio::test(flavor = "multi_thread")]
async fn approved_filings_are_exported_for_the_reviewer_alone() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/orders", get(list)).route("/v1/orders/{id}", get(order));
    tokio::spawn(async move { axum::serve(listener, router).await });
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let (token, out) = (folder.path().join("token"), folder.path().join("stock.ndjson"));
        let arguments = ["rules", "stock", "export", "gd", "--intake", &url, "--token-file", text(&token), "--out"];
        let export = |out: &std::path::Path| icpctl(&[arguments.as_slice(), &[text(out)]].concat());
        std::fs::write(&token, "reviewer\n").unwrap();
        assert!(export(&out).is_success);
        let lines = std::fs::read_to_string(&out).unwrap();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[2]["id"], "粤ICP备2026000003号-1");
        assert_eq!(lines[0]["findings"], json!(["review N01 services[0].name"]));
        // What was written is a stock.
        let packed = folder.path().join("stock.bin");
        assert!(icpctl(&["rules", "stock", "pack", text(&out), text(&packed)]).is_success);

        assert!(export(&out).refusal().contains("choose another place"));
        std::fs::write(&token, "applicant").unwrap();
        let refused = export(&folder.path().join("other.ndjson"));
        assert!(refused.refusal().contains("401"), "{refused:?}");
    })
    .await
    .unwrap();
}
