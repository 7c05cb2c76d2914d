//! Authorities of a test's own, over HTTP, that can be told to misbehave.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use icp_domain::Filing;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy)]
pub enum Fault {
    Status(u16),
    /// Later than the service waits.
    Late(Duration),
    /// JSON, but not what was agreed.
    Nonsense,
}

/// Shared between the test and the server.
#[derive(Clone, Default)]
pub struct Registers(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    enterprises: HashMap<String, Value>,
    citizens: HashMap<String, String>,
    domains: HashMap<String, Value>,
    faults: HashMap<&'static str, VecDeque<Fault>>,
    asked: HashMap<&'static str, u32>,
    keys: Vec<String>,
}

impl Registers {
    /// Serves on a free port; the address.
    pub async fn serve(&self) -> String {
        let app = Router::new()
            .route("/authority/enterprise/query", post(enterprise))
            .route("/authority/citizen/verify", post(citizen))
            .route("/authority/domain/{name}", get(domain))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}/")
    }

    /// Registers everything that a filing declares.
    pub fn know(&self, filing: &Filing) {
        let mut inner = self.0.lock().unwrap();
        let organiser = &filing.organiser;
        if !organiser.is_person() {
            let record = json!({
                "found": true,
                "name": organiser.name,
                "uscc": organiser.certificate.number,
                "legal_representative": organiser.principal.name,
                "status": "active",
                "registered_address": organiser.certificate.address,
                "as_of": "2026-11-21",
            });
            inner.enterprises.insert(organiser.certificate.number.clone(), record);
        }
        let persons = filing.services.iter().map(|service| &service.principal).chain([&organiser.principal]);
        for person in persons {
            inner.citizens.insert(person.id.number.clone(), person.name.clone());
        }
        for domain in filing.services.iter().flat_map(|service| &service.domains) {
            let record = json!({
                "found": true,
                "registrar": "示例注册商",
                "registrar_approved": true,
                "holder": organiser.name,
                "holder_certificate_number": organiser.certificate.number,
                "real_name_verified": true,
                "expires_on": "2099-12-31",
            });
            inner.domains.insert(domain.clone(), record);
        }
    }

    pub fn change_domain(&self, domain: &str, field: &str, value: Value) {
        let mut inner = self.0.lock().unwrap();
        inner.domains.get_mut(domain).unwrap()[field] = value;
    }

    pub fn change_enterprise(&self, uscc: &str, field: &str, value: Value) {
        let mut inner = self.0.lock().unwrap();
        inner.enterprises.get_mut(uscc).unwrap()[field] = value;
    }

    /// The next calls of one authority meet these.
    pub fn fail(&self, authority: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.0.lock().unwrap().faults.entry(authority).or_default().extend(faults);
    }

    /// How often each authority was asked: enterprise, citizen, domain.
    pub fn asked(&self) -> [u32; 3] {
        let inner = self.0.lock().unwrap();
        ["enterprise", "citizen", "domain"].map(|authority| inner.asked.get(authority).copied().unwrap_or(0))
    }

    /// The bearer keys that were shown.
    pub fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap().keys.clone()
    }

    async fn meet(&self, authority: &'static str, headers: &HeaderMap) -> Result<(), (StatusCode, Json<Value>)> {
        let fault = {
            let mut inner = self.0.lock().unwrap();
            *inner.asked.entry(authority).or_default() += 1;
            if let Some(key) = headers.get("authorization") {
                inner.keys.push(key.to_str().unwrap().to_owned());
            }
            inner.faults.get_mut(authority).and_then(VecDeque::pop_front)
        };
        match fault {
            None => Ok(()),
            Some(Fault::Status(status)) => Err((StatusCode::from_u16(status).unwrap(), Json(json!({})))),
            Some(Fault::Nonsense) => Err((StatusCode::OK, Json(json!({ "found": true, "reference": "X" })))),
            Some(Fault::Late(delay)) => {
                tokio::time::sleep(delay).await;
                Ok(())
            }
        }
    }
}

type Reply = Result<Json<Value>, (StatusCode, Json<Value>)>;

fn with_reference(record: Option<Value>, reference: &str) -> Json<Value> {
    let mut answer = record.unwrap_or_else(|| json!({ "found": false }));
    answer["reference"] = json!(reference);
    Json(answer)
}

async fn enterprise(State(registers): State<Registers>, headers: HeaderMap, Json(query): Json<Value>) -> Reply {
    registers.meet("enterprise", &headers).await?;
    let uscc = query["uscc"].as_str().unwrap();
    let record = registers.0.lock().unwrap().enterprises.get(uscc).cloned();
    Ok(with_reference(record, "ENT-1"))
}

async fn citizen(State(registers): State<Registers>, headers: HeaderMap, Json(query): Json<Value>) -> Reply {
    registers.meet("citizen", &headers).await?;
    let name = registers.0.lock().unwrap().citizens.get(query["id_number"].as_str().unwrap()).cloned();
    let is_match = name.as_deref() == query["name"].as_str();
    Ok(Json(json!({ "found": name.is_some(), "match": is_match, "reference": "CIT-1" })))
}

async fn domain(State(registers): State<Registers>, headers: HeaderMap, Path(name): Path<String>) -> Reply {
    registers.meet("domain", &headers).await?;
    let record = registers.0.lock().unwrap().domains.get(&name).cloned();
    Ok(with_reference(record, "DOM-1"))
}
