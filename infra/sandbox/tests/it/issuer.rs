//! The issuer: its tokens are verified with its published keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use icp_sandbox::Config;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::provider::{World, fast};

impl World {
    async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.http.post(self.url("/issuer/token")).body(body.join("&"));
        let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// The claims, if one of the published keys has signed them.
    async fn verified(&self, token: &str) -> Option<Value> {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = message.split_once('.').unwrap();
        let json = |part: &str| serde_json::from_slice::<Value>(&BASE64_URL.decode(part).unwrap()).unwrap();
        let keys = self.get("/issuer/jwks").await;
        let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == json(header)["kid"])?.clone();
        let coordinate = |name: &str| BASE64_URL.decode(key[name].as_str().unwrap()).unwrap();
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        let signature = BASE64_URL.decode(signature).unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        key.verify(message.as_bytes(), &signature).ok().map(|()| json(claims))
    }
}

#[tokio::test]
async fn whoever_knows_the_password_gets_a_token() {
    let world = World::start(Config { issuer_token_seconds: 60, ..fast() }).await;
    let found = world.get("/issuer/.well-known/openid-configuration").await;
    let issuer = world.url("/issuer");
    assert_eq!((&found["issuer"], &found["jwks_uri"]), (&json!(issuer), &json!(format!("{issuer}/jwks"))));
    let reviewer = [("grant_type", "password"), ("username", "reviewer"), ("password", "sandbox-password")];
    let machine =
        [("grant_type", "client_credentials"), ("client_id", "applicant"), ("client_secret", "sandbox-password")];
    let (status, answer) = world.token(&reviewer).await;
    assert_eq!((status, &answer["expires_in"]), (200, &json!(60)), "{answer}");
    let claims = world.verified(answer["access_token"].as_str().unwrap()).await.unwrap();
    let told = ["iss", "sub", "aud", "icp_role", "icp_account"].map(|name| claims[name].as_str().unwrap());
    assert_eq!(told, [issuer.as_str(), "reviewer", "icp-intake", "reviewer", "provider"]);
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 60);
    let (_, answer) = world.token(&machine).await;
    let claims = world.verified(answer["access_token"].as_str().unwrap()).await.unwrap();
    assert_eq!((&claims["icp_role"], &claims["icp_account"]), (&json!("applicant"), &json!("demo")));

    let wrong = [("grant_type", "password"), ("username", "reviewer"), ("password", "wrong")];
    assert_eq!(world.token(&wrong).await, (400, json!({"error": "invalid_grant"})));
    assert_eq!(world.token(&[("grant_type", "magic")]).await, (400, json!({"error": "unsupported_grant_type"})));
    assert_eq!(world.token(&[("username", "x")]).await, (400, json!({"error": "invalid_request"})));
}

#[tokio::test]
async fn a_key_stays_published_for_one_rotation() {
    let world = World::start(fast()).await;
    let form = [("grant_type", "password"), ("username", "reviewer"), ("password", "sandbox-password")];
    let token = world.token(&form).await.1["access_token"].as_str().unwrap().to_owned();
    world.set("/issuer/keys/rotate", json!({})).await;
    assert!(world.verified(&token).await.is_some());
    let newer = world.token(&form).await.1["access_token"].as_str().unwrap().to_owned();
    world.set("/issuer/keys/rotate", json!({})).await;
    assert!(world.verified(&token).await.is_none());
    assert!(world.verified(&newer).await.is_some());
}
