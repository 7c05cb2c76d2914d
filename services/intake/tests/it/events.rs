//! Events of an order as a stream: from the middle, by another replica, within limits, and to their end.

use std::time::Duration;

use icp_testkit::wait_until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, App, OPERATOR, OTHER, REVIEWER, path_of};
use crate::replicas::Replica;

const BOUND: Duration = Duration::from_secs(30);

/// A stream that is open.
struct Stream {
    response: reqwest::Response,
    read: String,
}

#[derive(Debug, PartialEq)]
struct Event {
    id: Option<i64>,
    name: String,
    data: Value,
}

async fn open(app: &App, base: &str, token: &str, path: &str, last: Option<&str>) -> reqwest::Response {
    let mut request = app.http.get(format!("{base}{path}/events")).bearer_auth(token);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    request.send().await.unwrap()
}

impl Stream {
    async fn open(app: &App, base: &str, path: &str, last: Option<&str>) -> Self {
        let response = open(app, base, APPLICANT, path, last).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, read: String::new() }
    }

    /// The next block, up to its empty line; none at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.find("\n\n") {
                let block = self.read[..end].to_owned();
                self.read.drain(..end + 2);
                return Some(block);
            }
            let chunk = tokio::time::timeout(BOUND, self.response.chunk()).await.expect("the stream is silent");
            self.read.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }

    /// The next event; none at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            if let Some(name) = field("event:") {
                let data = serde_json::from_str(field("data:").unwrap()).unwrap();
                return Some(Event { id: field("id:").map(|id| id.parse().unwrap()), name: name.to_owned(), data });
            }
        }
    }

    async fn names(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(self.next().await.expect("the stream ended early").name);
        }
        names
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_behind_the_last_event_and_ends_with_the_order() {
    let app = App::start().await;
    let path = app.submitted(1).await;
    let mut stream = Stream::open(&app, &app.base, &path, Some("1")).await;
    let submitted = stream.next().await.unwrap();
    assert_eq!((submitted.id, submitted.name.as_str()), (Some(2), "submitted"));
    let history = app.order(&format!("{path}/history")).await;
    assert_eq!(submitted.data, history.body["history"][1], "the same lines as the history has");
    assert_eq!(stream.names(1).await, ["rules_judged"]);

    app.checked(&path).await;
    let mut checked = stream.names(3).await;
    checked[..2].sort();
    assert_eq!(checked, ["authority_answered", "identity_verified", "review_requested"]);
    let waiting = app.order(&path).await;
    let passed = app.review(REVIEWER, &waiting, &json!({"decision": "pass"})).await;
    assert_eq!(passed.status, 200, "{}", passed.body);
    let end = app.approve(&path).await;
    assert_eq!(stream.names(4).await, ["rules_judged", "passed", "received_by_bureau", "approved"]);
    let ended = stream.next().await.unwrap();
    assert_eq!(ended, Event { id: None, name: "ended".to_owned(), data: json!({"phase": "approved"}) });
    assert_eq!(stream.next().await, None);

    // Who knows the last event is told not to come again; who does not gets the rest and the end.
    let last = end.etag.trim_matches('"');
    assert_eq!(open(&app, &app.base, APPLICANT, &path, Some(last)).await.status(), 204);
    let mut late = Stream::open(&app, &app.base, &path, None).await;
    let mut versions = Vec::new();
    while let Some(event) = late.next().await {
        versions.push(event.id);
    }
    let expected: Vec<Option<i64>> = (1..=last.parse().unwrap()).map(Some).chain([None]).collect();
    assert_eq!(versions, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_replica_committed_arrives_by_the_bus() {
    let app = App::start().await;
    let (path, etag) = app.draft(1).await;
    // This one never looks at the database by itself.
    let replica = Replica::start(&app, "[intake.streams]\nlook_every_ms = 3600000\n").await;
    let mut stream = Stream::open(&app, &replica.base, &path, None).await;
    assert_eq!(stream.names(1).await, ["created"]);
    let submitted = app.send(APPLICANT, Method::POST, &format!("{path}/submit"), Some(&etag), None).await;
    assert_eq!(submitted.status, 200, "{}", submitted.body);
    assert_eq!(stream.names(2).await, ["submitted", "rules_judged"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_fact_on_the_bus_arrives_too() {
    let app = App::start_with("[intake.streams]\nlook_every_ms = 50\n").await;
    let (path, etag) = app.draft(1).await;
    let mut stream = Stream::open(&app, &app.base, &path, Some("1")).await;
    let order = app.order(&path).await;
    let amended = app.json(APPLICANT, Method::PUT, &path, Some(&etag), &order.body["filing"]).await;
    assert_eq!(amended.status, 200, "{}", amended.body);
    assert_eq!(stream.names(1).await, ["amended"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_keep_to_rights_and_limits_and_end_with_the_service() {
    let app = App::start_with("[intake.streams]\nmax_open = 1\nheartbeat_ms = 20\n").await;
    let path = path_of(&app.in_review(1..=1).await[0]);
    assert_eq!(open(&app, &app.base, "", &path, None).await.status(), 401);
    assert_eq!(open(&app, &app.base, OTHER, &path, None).await.status(), 404);
    let refused = open(&app, &app.base, APPLICANT, &path, Some("-1")).await;
    assert_eq!(refused.status(), 422);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["errors"][0]["field"], "Last-Event-ID", "{refused}");

    let mut stream = Stream::open(&app, &app.base, &path, Some("6")).await;
    assert_eq!(stream.block().await.unwrap(), "retry: 2000");
    assert_eq!(stream.block().await.unwrap(), ":", "an idle stream shows that it lives");
    let full = open(&app, &app.base, OPERATOR, &path, None).await;
    assert_eq!((full.status().as_u16(), full.headers()["retry-after"].to_str().unwrap()), (503, "2"));
    drop(stream);
    let mut stream = wait_until("the place to be free again", BOUND, || async {
        let response = open(&app, &app.base, OPERATOR, &path, None).await;
        if response.status() == 200 { Ok(response) } else { Err(response.status().to_string()) }
    })
    .await
    .map(|response| Stream { response, read: String::new() })
    .unwrap();
    assert_eq!(stream.names(2).await, ["created", "submitted"]);
    app.shutdown.cancel();
    while stream.next().await.is_some() {}
}
