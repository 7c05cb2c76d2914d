//! The relay with the sandbox's bureau, and filings that it takes.

use std::time::Duration;

use icp_proto::{bureau, common, relay};
use icp_sandbox::{Config, Running};
use icp_testkit::wait_until;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake_bureau::{FakeBureau, ISP_ID, IV, KEY};
use crate::world::{BOUND, Event, World};

const PASSWORD: &str = "沙盒密码";

pub struct Platform {
    pub world: World,
    sandbox: Running,
    http: reqwest::Client,
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    Approved(bureau::Approved),
    Rejected(bureau::Rejected),
}

impl End {
    pub fn approved(self) -> bureau::Approved {
        match self {
            Self::Approved(approved) => approved,
            Self::Rejected(rejected) => panic!("rejected: {rejected:?}"),
        }
    }

    pub fn codes(self) -> Vec<u32> {
        match self {
            Self::Approved(approved) => panic!("approved: {approved:?}"),
            Self::Rejected(rejected) => rejected.results.iter().map(|result| result.code).collect(),
        }
    }
}

impl Platform {
    /// A relay and a bureau that speak this version.
    pub async fn start(interface: &str) -> Self {
        // Another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let account = format!("zj:{ISP_ID}:u:{PASSWORD}:{KEY}:{IV}:{interface}").parse().unwrap();
        let config = Config {
            accounts: vec![account],
            bureau_check_ms: 0,
            sms_answer_ms: 0,
            bureau_review_ms: 0,
            ..Config::default()
        };
        let sandbox = icp_sandbox::start(config).await.unwrap();
        let lines = format!(
            "endpoint = \"http://{}\"\nisp_id = {ISP_ID}\nuser_name = \"u\"\n[relay.dialect]\ninterface = {interface:?}\n",
            sandbox.http
        );
        let world = World::with_account(FakeBureau::start().await, PASSWORD, &lines).await;
        Self { world, sandbox, http: reqwest::Client::new() }
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("http://{}{path}", self.sandbox.http);
        let answer = self.http.post(url).body(body.to_string()).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Hands an order over, every message and file twice, and returns its end.
    pub async fn carry(&self, filing: relay::RelayFiling) -> End {
        // The answer to the upload is lost, and the acknowledgement of the result is not taken.
        self.post("/bureau/faults", &json!({"kind": "drop_response", "operation": "isp_upload", "times": 1})).await;
        let refused = json!({"kind": "msg_code", "operation": "isp_downloadack", "code": 999, "times": 1});
        self.post("/bureau/faults", &refused).await;
        let order_id = Uuid::now_v7();
        let task = self
            .world
            .task(order_id, 1, |message| {
                let mut materials = std::mem::take(&mut message.materials);
                *message = filing;
                // Pictures of services that the order does not bring have no place in it.
                let services = u32::try_from(message.services.len()).unwrap();
                materials.retain(|it| it.kind.starts_with("organiser") || it.service_index < services);
                message.materials = materials;
                message.slips = (0..services).map(slip).collect();
            })
            .await;
        for _ in 0..2 {
            self.world.publish(Uuid::now_v7(), &task).await;
        }
        let order_id = order_id.to_string();
        wait_until("the order's end", BOUND, || async {
            let events = self.world.events().await;
            let ends = events.into_iter().filter_map(|event| match event {
                Event::Approved(it) if it.order_id == order_id => Some(End::Approved(it)),
                Event::Rejected(it) if it.order_id == order_id => Some(End::Rejected(it)),
                _ => None,
            });
            let ends: Vec<End> = ends.collect();
            assert!(ends.len() < 2, "two ends: {ends:?}");
            ends.into_iter().next().ok_or_else(|| "no end".to_owned())
        })
        .await
        .unwrap()
    }

    /// A record of another provider: the organiser's number and those of its services.
    pub async fn seed(&self, number: u32, services: usize) -> (String, Vec<String>) {
        let person = |mobile: &str| {
            json!({"name": "丙", "mobile": mobile, "email": "c@example.cn",
                   "id": {"kind": 2, "number": "440308199901101512"}})
        };
        let services: Vec<Value> = (0..services)
            .map(|index| {
                json!({"name": format!("他处网站{index}"), "domains": [format!("seed{number}-{index}.cn")],
                       "principal": person("13900000002")})
            })
            .collect();
        let record = json!({"name": "他处示例公司", "nature": 4,
            "certificate": {"kind": 1, "number": credit_code(number)}, "province_code": 330_000, "city_code": 330_100,
            "address": "示例路2号", "principal": person("13900000001"), "services": services});
        let seeded = self.post("/bureau/records", &record).await;
        let services = seeded["service_numbers"].as_array().unwrap();
        let services = services.iter().map(|it| it.as_str().unwrap().to_owned()).collect();
        (seeded["organiser_number"].as_str().unwrap().to_owned(), services)
    }

    /// How many messages of the ministry a phone got.
    pub async fn messages(&self, mobile: &str) -> usize {
        let url = format!("http://{}/phones/{mobile}", self.sandbox.http);
        let text = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let phone: Value = serde_json::from_str(&text).unwrap();
        phone["messages"].as_array().map_or(0, Vec::len)
    }

    /// How often the bureau took records with this domain.
    pub async fn records_of(&self, domain: &str) -> u64 {
        self.seen(domain).await["records_received"].as_u64().unwrap()
    }

    /// How many slips came with each record with this domain.
    pub async fn slips_of(&self, domain: &str) -> Vec<u64> {
        let seen = self.seen(domain).await;
        seen["filings"].as_array().unwrap().iter().map(|filing| filing["slips"].as_u64().unwrap()).collect()
    }

    async fn seen(&self, domain: &str) -> Value {
        let url = format!("http://{}/bureau/filings/{domain}", self.sandbox.http);
        let answer = self.http.get(url).timeout(Duration::from_secs(10)).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }
}

/// The slip of a service, which the press of these tests prints.
pub fn slip(service_index: u32) -> relay::Slip {
    let paper = json!({"template": "slip", "ident": "slip", "data": {}});
    relay::Slip { service_index, paper: paper.to_string().into_bytes(), secret: vec![7; 32] }
}

fn person(name: &str, mobile: &str, id: &str) -> common::Person {
    common::Person {
        name: name.into(),
        id: Some(common::Certificate { kind: 2, number: id.into(), ..Default::default() }),
        mobile: mobile.into(),
        office_phone: "0571-00000000".into(),
        emergency_phone: "13000000009".into(),
        email: "a@example.cn".into(),
    }
}

/// A first filing that the sandbox takes; `n` keeps filings apart.
pub fn filing(n: u32) -> relay::RelayFiling {
    relay::RelayFiling {
        organiser: Some(relay::RelayOrganiser {
            name: format!("示例{n}有限公司"),
            nature: 4,
            certificate: Some(common::Certificate {
                kind: 1,
                number: credit_code(n),
                address: "示例路1号".into(),
                ..Default::default()
            }),
            province_code: 330_000,
            city_code: 330_100,
            county_code: 330_108,
            address_detail: "示例路1号".into(),
            principal: Some(person("甲", &format!("138000{n:05}"), "440308199901101512")),
            ..Default::default()
        }),
        services: vec![service(&format!("示例网站{n}"), &format!("example{n}.cn"), n)],
        operation: "add_filing".into(),
        ..Default::default()
    }
}

/// A website.
pub fn service(name: &str, domain: &str, n: u32) -> relay::RelayService {
    relay::RelayService {
        kind: "website".into(),
        name: name.into(),
        domains: vec![domain.into()],
        home_url: format!("www.{domain}"),
        contents: vec![8],
        languages: vec![1],
        principal: Some(person("乙", &format!("139000{n:05}"), "810000199408230021")),
        access_methods: vec![5],
        server_places: vec![34],
        addresses: vec![relay::IpRange { first: 3_221_225_985, last: 3_221_225_985 }],
        ..Default::default()
    }
}

/// A credit code with a valid check character (GB 32100-2015).
fn credit_code(number: u32) -> String {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let body = format!("91330000{number:09}");
    let mut weight = 1;
    let mut sum = 0;
    for character in body.chars() {
        sum += ALPHABET.find(character).unwrap() * weight;
        weight = weight * 3 % 31;
    }
    let check = (31 - sum % 31) % 31;
    format!("{body}{}", ALPHABET.chars().nth(check).unwrap())
}
