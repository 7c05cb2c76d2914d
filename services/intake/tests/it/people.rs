//! Tokens of people: signed by an issuer whose keys change, and which is not always there.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use icp_testkit::wait_until;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use crate::app::{Answer, App};

/// A key of these tests (RSA, 2048 bits); it opens nothing.
const RSA_KEY: &str = include_str!("issuer-rsa-key.b64");

fn base64_url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

struct Key {
    id: &'static str,
    pair: Pair,
}

impl Key {
    fn ec(id: &'static str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        Self { id, pair: Pair::Ec(pair) }
    }

    fn ed(id: &'static str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { id, pair: Pair::Ed(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap()) }
    }

    fn rsa(id: &'static str) -> Self {
        let der = STANDARD.decode(RSA_KEY.split_whitespace().collect::<String>()).unwrap();
        Self { id, pair: Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der).unwrap())) }
    }

    fn published(&self) -> Value {
        let common = |mut key: Value| {
            key["kid"] = json!(self.id);
            key["use"] = json!("sig");
            key
        };
        common(match &self.pair {
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "x": base64_url(x), "y": base64_url(y)})
            }
            Pair::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": base64_url(pair.public_key())}),
            Pair::Rsa(pair) => {
                let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({"kty": "RSA", "alg": "RS256", "n": base64_url(parts.n), "e": base64_url(parts.e)})
            }
        })
    }

    fn sign(&self, claims: &Value) -> String {
        let (random, algorithm) = (SystemRandom::new(), self.algorithm());
        let header = json!({"typ": "JWT", "alg": algorithm, "kid": self.id});
        let message = format!("{}.{}", base64_url(header.to_string()), base64_url(claims.to_string()));
        let signature = match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{message}.{}", base64_url(signature))
    }

    fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ec(_) => "ES256",
            Pair::Ed(_) => "EdDSA",
            Pair::Rsa(_) => "RS256",
        }
    }
}

/// What an issuer publishes, and the status that it answers with.
struct Published {
    url: String,
    keys: Mutex<Vec<Value>>,
    status: AtomicU16,
    fetches: AtomicU16,
}

/// An issuer and an intake that accepts its tokens.
struct Realm {
    issuer: Arc<Published>,
    app: App,
}

impl Realm {
    async fn start(keys: &[&Key], status: u16) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = Arc::new(Published {
            url: format!("http://{}/realm", listener.local_addr().unwrap()),
            keys: Mutex::new(keys.iter().map(|key| key.published()).collect()),
            status: AtomicU16::new(status),
            fetches: AtomicU16::new(0),
        });
        let answer = |issuer: &Published, body: Value| {
            (StatusCode::from_u16(issuer.status.load(Ordering::SeqCst)).unwrap(), Json(body))
        };
        let router = Router::new()
            .route(
                "/realm/.well-known/openid-configuration",
                get(async move |State(issuer): State<Arc<Published>>| {
                    let url = &issuer.url;
                    answer(&issuer, json!({"issuer": url, "jwks_uri": format!("{url}/keys")}))
                }),
            )
            .route(
                "/realm/keys",
                get(async move |State(issuer): State<Arc<Published>>| {
                    issuer.fetches.fetch_add(1, Ordering::SeqCst);
                    let keys = issuer.keys.lock().unwrap().clone();
                    answer(&issuer, json!({ "keys": keys }))
                }),
            )
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let settings = format!("[intake.oidc]\nissuer = \"{}\"\nrefetch_seconds = 1\n", issuer.url);
        Self { issuer, app: App::start_with(&settings).await }
    }

    fn claims(&self) -> Value {
        let now = chrono::Utc::now().timestamp();
        json!({
            "iss": self.issuer.url, "aud": ["other", "icp-intake"], "sub": "anna", "exp": now + 600, "nbf": now,
            "icp_role": "reviewer", "icp_account": "p",
        })
    }

    fn publish(&self, keys: &[&Key]) {
        *self.issuer.keys.lock().unwrap() = keys.iter().map(|key| key.published()).collect();
    }

    async fn get(&self, token: &str) -> Answer {
        self.app.get(token, "/v1/review").await
    }

    async fn accepts(&self, token: &str) {
        wait_until("the token to be accepted", Duration::from_secs(30), || async {
            let answer = self.get(token).await;
            if answer.status == 200 { Ok(()) } else { Err(format!("{} {}", answer.status, answer.body)) }
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_every_accepted_kind_say_who_calls() {
    let keys = [Key::ec("ec"), Key::ed("ed"), Key::rsa("rsa")];
    let realm = Realm::start(&[&keys[0], &keys[1], &keys[2]], 200).await;
    for key in &keys {
        realm.accepts(&key.sign(&realm.claims())).await;
    }
    let (order, _) = realm.app.draft(1).await;
    let with = |name: &str, value: Value| {
        let mut claims = realm.claims();
        claims[name] = value;
        claims
    };
    let mut claims = with("icp_role", json!("applicant"));
    claims["icp_account"] = json!("a");
    assert_eq!(realm.app.get(&keys[0].sign(&claims), &order).await.status, 200);
    claims["icp_account"] = json!("b");
    assert_eq!(realm.app.get(&keys[0].sign(&claims), &order).await.status, 404);
    assert_eq!(realm.get(&keys[0].sign(&claims)).await.status, 403);
    // A list with one role of ours is as good as that role.
    assert_eq!(realm.get(&keys[0].sign(&with("icp_role", json!(["offline", "reviewer"])))).await.status, 200);
    // The name stands in what is done.
    let waiting = realm.app.in_review(2..=2).await.remove(0);
    let claim = format!("/v1/orders/{}/claim", waiting.body["id"].as_str().unwrap());
    assert_eq!(realm.app.post(&keys[0].sign(&realm.claims()), &claim).await.body["reviewer"], "anna");
    assert_eq!(realm.get("token-of-the-reviewer").await.status, 200, "the tokens file holds beside it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_a_fault_lets_nobody_in_and_says_why() {
    let (key, rsa) = (Key::ec("ec"), Key::rsa("rsa"));
    let realm = Realm::start(&[&key, &rsa], 200).await;
    realm.accepts(&key.sign(&realm.claims())).await;
    let now = chrono::Utc::now().timestamp();
    let with = |name: &str, value: Value| {
        let mut claims = realm.claims();
        claims[name] = value;
        key.sign(&claims)
    };
    let without = |name: &str| {
        let mut claims = realm.claims();
        claims.as_object_mut().unwrap().remove(name);
        key.sign(&claims)
    };
    let good = key.sign(&realm.claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let other_claims = base64_url(with("sub", json!("eve")));
    let header_of = |header: Value| base64_url(header.to_string());
    let hmac_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.published()["x"].as_str().unwrap().as_bytes());
    let hmac_message = format!("{}.{claims}", header_of(json!({"alg": "HS256", "kid": "ec"})));
    let hmac = base64_url(ring::hmac::sign(&hmac_key, hmac_message.as_bytes()));
    let stranger = Key::ec("ec");
    for (token, reason) in [
        (with("exp", json!(now - 60)), "expired"),
        (with("nbf", json!(now + 600)), "not valid yet"),
        (with("aud", json!("other")), "icp-intake"),
        (with("iss", json!("https://elsewhere.example")), "another issuer"),
        (with("icp_role", json!("emperor")), "icp_role"),
        (with("icp_role", json!("policy")), "icp_role"),
        (with("icp_role", json!(["reviewer", "operator"])), "icp_role"),
        (with("icp_account", json!("")), "icp_account"),
        (with("icp_account", json!("a\u{0}b")), "icp_account"),
        (with("sub", json!(7)), "sub"),
        (with("exp", json!("soon")), "exp"),
        (without("exp"), "exp"),
        (without("aud"), "aud"),
        (without("iss"), "iss"),
        (without("icp_role"), "icp_role"),
        (format!("{header}.{other_claims}.{signature}"), "signature"),
        (stranger.sign(&realm.claims()), "signature"),
        (format!("{message}."), "signature"),
        (format!("{}.{claims}.", header_of(json!({"alg": "none"}))), "read"),
        (format!("{hmac_message}.{hmac}"), "HS256"),
        (format!("{}.{claims}.{signature}", header_of(json!({"alg": "RS256", "kid": "ec"}))), "does not have"),
        (format!("{}.{claims}.{signature}", header_of(json!({"alg": "RS256", "kid": "rsa"}))), "signature"),
        ("a.b.c".to_owned(), "read"),
    ] {
        let answer = realm.get(&token).await;
        let detail = answer.body["detail"].as_str().unwrap();
        assert_eq!((answer.status, detail.contains(reason)), (401, true), "{reason}: {}", answer.body);
    }
    // Clocks may differ a little.
    assert_eq!(realm.get(&with("exp", json!(now - 10))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_are_fetched_but_not_for_every_guess() {
    let (old, new) = (Key::ec("old"), Key::ec("new"));
    let realm = Realm::start(&[&old], 200).await;
    let token = old.sign(&realm.claims());
    realm.accepts(&token).await;
    realm.publish(&[&new]);
    realm.accepts(&new.sign(&realm.claims())).await;
    // The one who was let in by the former key is looked at again.
    assert_eq!(realm.get(&token).await.status, 401);
    let before = realm.issuer.fetches.load(Ordering::SeqCst);
    let start = Instant::now();
    let guesses = (0..50).map(|_| Key::ec("guess").sign(&realm.claims())).collect::<Vec<_>>();
    for answer in futures::future::join_all(guesses.iter().map(|guess| realm.get(guess))).await {
        assert_eq!(answer.status, 401);
    }
    let fetches = u64::from(realm.issuer.fetches.load(Ordering::SeqCst) - before);
    assert!(fetches <= start.elapsed().as_secs() + 2, "{fetches} fetches for 50 guesses");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_away_lets_nobody_in_whom_it_did_not_know() {
    let (known, unknown) = (Key::ec("known"), Key::ec("unknown"));
    let realm = Realm::start(&[&known], 503).await;
    let token = known.sign(&realm.claims());
    let away = realm.get(&token).await;
    assert_eq!((away.status, away.body["code"].as_str()), (503, Some("ICP-INTAKE-0014")), "{}", away.body);
    assert_eq!(realm.get("token-of-the-reviewer").await.status, 200);

    realm.issuer.status.store(200, Ordering::SeqCst);
    realm.accepts(&token).await;
    realm.issuer.status.store(500, Ordering::SeqCst);
    realm.publish(&[&known, &unknown]);
    let stranger = unknown.sign(&realm.claims());
    let refused = wait_until("the issuer to be asked", Duration::from_secs(30), || async {
        let answer = realm.get(&stranger).await;
        if answer.status == 503 { Ok(answer) } else { Err(format!("{} {}", answer.status, answer.body)) }
    });
    assert!(refused.await.unwrap().headers.contains_key("retry-after"));
    let mut later = realm.claims();
    later["sub"] = json!("berta");
    assert_eq!(realm.get(&known.sign(&later)).await.status, 200, "a known key holds without the issuer");
    realm.issuer.status.store(200, Ordering::SeqCst);
    realm.accepts(&stranger).await;
}
