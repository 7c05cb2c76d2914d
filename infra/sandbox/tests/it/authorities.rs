//! Authorities and the SMS gateway.

use serde_json::json;

use crate::provider::{World, fast};

#[tokio::test]
async fn they_know_what_was_loaded() {
    let world = World::start(fast()).await;
    let enterprises = json!([
        {"uscc": "91440101MA5CJQ4N59", "name": "示例科技有限公司", "legal_representative": "甲",
         "status": "active", "registered_address": "示例路1号"},
        {"uscc": "91510681MA66PGA4XN", "name": "另一公司", "legal_representative": "乙", "status": "revoked"},
    ]);
    let loaded = world.set("/authority/enterprises", enterprises).await;
    assert_eq!(loaded["loaded"], 2);
    let query = |uscc: &str| world.set("/authority/enterprise/query", json!({"uscc": uscc}));
    let known = query("91440101MA5CJQ4N59").await;
    assert_eq!((&known["found"], &known["name"]), (&json!(true), &json!("示例科技有限公司")));
    assert!(known["reference"].is_string() && known["as_of"].is_string());
    assert_eq!(query("91510681MA66PGA4XN").await["status"], "revoked");
    assert_eq!(query("unknown").await["found"], false);

    world.set("/authority/citizens", json!({"name": "甲", "id_number": "44030819990110151X"})).await;
    let verify = |name: &str, number: &str| {
        let body = json!({"name": name, "id_number": number});
        world.set("/authority/citizen/verify", body)
    };
    assert_eq!(verify("甲", "44030819990110151x").await["match"], true);
    let other = verify("乙", "44030819990110151X").await;
    assert_eq!((&other["found"], &other["match"]), (&json!(true), &json!(false)));
    assert_eq!(verify("乙", "unknown").await["found"], false);

    let domain = json!({"domain": "example1.cn", "holder": "甲", "holder_certificate_number": "1",
                        "expires_on": "2030-01-01"});
    world.set("/authority/domains", domain).await;
    let known = world.get("/authority/domain/Example1.cn").await;
    assert_eq!((&known["found"], &known["expires_on"]), (&json!(true), &json!("2030-01-01")));
    assert_eq!(known["registrar_approved"], true);
    assert_eq!(world.get("/authority/domain/other.cn").await["found"], false);

    let unknown_field = json!([{"name": "甲", "id_number": "1", "age": 3}]);
    let (status, problem) = world.post("/authority/citizens", unknown_field).await;
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().contains("unknown field `age`"));
}

#[tokio::test]
async fn they_fail_as_asked() {
    let world = World::start(fast()).await;
    let fault = json!({"kind": "enterprise", "status": 503, "times": 2, "delay_ms": 0});
    world.set("/authority/faults", fault).await;
    let query = || world.post("/authority/enterprise/query", json!({"uscc": "x"}));
    assert_eq!([query().await.0, query().await.0, query().await.0], [503, 503, 200]);
    assert_eq!(world.get("/authority/domain/other.cn").await["found"], false);
}

#[tokio::test]
async fn the_sms_gateway_is_idempotent_on_the_reference() {
    let world = World::start(fast()).await;
    let send = async |key: &str, to: &str, text: &str| {
        let body = json!({"to": to, "text": text, "reference": "r-1"});
        let request = world.http.post(world.url("/sms/send")).body(body.to_string());
        let answer = request.header("authorization", key).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str::<serde_json::Value>(&text).unwrap())
    };
    let key = "Bearer sandbox-sms-key";
    assert_eq!(send("Bearer other", "13800000001", "text").await.0, 401);
    assert_eq!(send(key, "123", "text").await.0, 422);
    world.set("/sms/faults", json!({"status": 500})).await;
    assert_eq!(send(key, "13800000001", "text").await.0, 500);
    let (status, first) = send(key, "13800000001", "text").await;
    assert_eq!((status, &first["status"]), (200, &json!("accepted")));
    let (_, second) = send(key, "13800000001", "text").await;
    assert_eq!(first["message_id"], second["message_id"]);
    assert_eq!(send(key, "13800000001", "other text").await.0, 409);
    let phone = world.get("/phones/13800000001").await;
    assert_eq!(phone["messages"].as_array().unwrap().len(), 1);
    assert_eq!(phone["messages"][0]["from"], "provider");
    assert_eq!(phone["messages"][0]["reference"], "r-1");
}
