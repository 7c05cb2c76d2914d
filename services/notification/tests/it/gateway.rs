//! An SMS gateway that sends each reference once and can be told to fail.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State as Extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const KEY: &str = "test-gateway-key";

#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Answers this and sends nothing.
    Status(u16),
    /// Sends it and does not answer for longer than anybody waits.
    SilentAfterEffect,
    /// Sends it and answers more than anybody reads.
    EndlessAfterEffect,
    /// Sends nothing and names another address.
    Elsewhere,
}

#[derive(Default)]
struct State {
    /// By reference.
    sent: BTreeMap<String, (String, String)>,
    calls: usize,
    /// Calls of the other address.
    led_astray: usize,
    faults: VecDeque<Fault>,
}

#[derive(Clone)]
pub struct SmsGateway {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl SmsGateway {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let router =
            Router::new().route("/sms/send", post(send)).route("/elsewhere", post(astray)).with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        gateway
    }

    /// What was sent: (to, text), by reference.
    pub fn sent(&self) -> BTreeMap<String, (String, String)> {
        self.state.lock().unwrap().sent.clone()
    }

    pub fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }

    /// How often the address that it named was called.
    pub fn led_astray(&self) -> usize {
        self.state.lock().unwrap().led_astray
    }

    pub fn fail_next(&self, faults: &[Fault]) {
        self.state.lock().unwrap().faults.extend(faults);
    }
}

async fn astray(Extract(gateway): Extract<SmsGateway>) {
    gateway.state.lock().unwrap().led_astray += 1;
}

async fn send(Extract(gateway): Extract<SmsGateway>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    let reference = text("reference");
    let fault = {
        let mut state = gateway.state.lock().unwrap();
        state.calls += 1;
        let fault = state.faults.pop_front();
        if !matches!(fault, Some(Fault::Status(_) | Fault::Elsewhere)) {
            let first = state.sent.insert(reference.clone(), (text("to"), text("text")));
            assert!(first.is_none_or(|first| first == (text("to"), text("text"))), "a reference changed its content");
        }
        fault
    };
    match fault {
        Some(Fault::Status(status)) => {
            (StatusCode::from_u16(status).unwrap(), Json(json!({"detail": "asked for"}))).into_response()
        }
        Some(Fault::SilentAfterEffect) => {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            Json(json!({})).into_response()
        }
        Some(Fault::EndlessAfterEffect) => Json(json!({"message_id": "x".repeat(1 << 20)})).into_response(),
        Some(Fault::Elsewhere) => (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response(),
        None => Json(json!({"message_id": format!("gw-{reference}"), "status": "accepted"})).into_response(),
    }
}
