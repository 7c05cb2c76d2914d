//! Keys of machines: shown once, limited, revoked, and in the audit trail.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, AUDITOR, Answer, App, OPERATOR, OTHER, RESELLER, REVIEWER, SUPERVISOR};

async fn create(app: &App, token: &str, body: Value) -> Answer {
    app.json(token, Method::POST, "/v1/keys", None, &body).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn field(answer: &Answer) -> &str {
    answer.body["errors"][0]["field"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_works_for_its_account_until_it_is_revoked() {
    let app = App::start().await;
    let (order, _) = app.draft(1).await;
    let made = create(&app, APPLICANT, json!({"name": "build server"})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (id, key) = (text(&made.body["id"]), text(&made.body["key"]));
    assert_eq!((&made.body["account"], &made.body["role"]), (&json!("a"), &json!("applicant")));
    assert_eq!(made.headers["cache-control"], "no-store");
    assert_eq!(app.get(&key, &order).await.status, 200);
    assert_eq!(app.get(&key, "/v1/review").await.status, 403);
    let submitted = app.post(&key, &format!("{order}/withdraw")).await;
    assert_eq!(submitted.status, 428, "it may do what its role may");

    let listed = app.get(APPLICANT, "/v1/keys").await;
    let line = &listed.body["keys"][0];
    assert_eq!((&line["id"], &line["name"]), (&json!(id), &json!("build server")));
    assert!(line["last_used_at"].is_string(), "{line}");
    assert!(!listed.body.to_string().contains(&key[40..]), "the secret is shown once");
    let kept: String =
        sqlx::query_scalar("select string_agg(keys::text, '') from api_keys keys").fetch_one(&app.pool).await.unwrap();
    assert!(!kept.contains(&key[40..]), "and never kept");

    let path = format!("/v1/keys/{id}");
    for stranger in [OTHER, RESELLER] {
        assert_eq!(app.send(stranger, Method::DELETE, &path, None, None).await.status, 404);
    }
    assert_eq!(app.get(&key, &order).await.status, 200);
    assert_eq!(app.send(APPLICANT, Method::DELETE, &path, None, None).await.status, 204);
    let refused = app.get(&key, &order).await;
    assert_eq!(refused.status, 401);
    assert!(text(&refused.body["detail"]).contains("revoked"), "{}", refused.body);

    let trail: Vec<(String, String, String)> = sqlx::query_as(
        "select actor, role, action from audit_trail where object = $1 \
         union all select actor, role, action from audit_pending where object = $1 order by action",
    )
    .bind(format!("key {id}"))
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let entry = |action: &str| ("applicant".to_owned(), "applicant".to_owned(), action.to_owned());
    assert_eq!(trail, [entry("key.created"), entry("key.revoked")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_changed_or_has_expired_is_refused() {
    let app = App::start_with("[intake.keys]\nper_account_max = 2\n").await;
    let made = create(&app, APPLICANT, json!({"name": "one"})).await;
    let key = text(&made.body["key"]);
    let mut guessed = key.clone();
    let last = if guessed.pop() == Some('0') { '1' } else { '0' };
    guessed.push(last);
    let unknown = format!("icp_{}_{}", uuid::Uuid::now_v7().simple(), &key[37..]);
    for wrong in [&guessed, &unknown, &key[..key.len() - 2].to_owned()] {
        assert_eq!(app.get(wrong, "/v1/orders").await.status, 401, "{wrong}");
    }
    assert_eq!(app.get(&key, "/v1/orders").await.status, 200);
    sqlx::query("update api_keys set expires_at = now() - interval '1 second'").execute(&app.pool).await.unwrap();
    let refused = app.get(&key, "/v1/orders").await;
    assert_eq!(refused.status, 401);
    assert!(text(&refused.body["detail"]).contains("expired"), "{}", refused.body);

    // An expired key takes no place.
    for name in ["two", "three"] {
        assert_eq!(create(&app, APPLICANT, json!({ "name": name })).await.status, 201);
    }
    assert_eq!(field(&create(&app, APPLICANT, json!({"name": "four"})).await), "account");
    assert_eq!(create(&app, OTHER, json!({"name": "one"})).await.status, 201, "another account has its own places");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_makes_keys_of_its_own_and_the_provider_those_of_others() {
    let app = App::start().await;
    for (body, wrong) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "x", "account": "b"}), "account"),
        (json!({"name": "x", "role": "operator"}), "role"),
        (json!({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}), "expires_at"),
        (json!({"name": "x", "expires_at": "2999-01-01T00:00:00Z"}), "expires_at"),
        (json!({"name": "x", "colour": "red"}), "colour"),
    ] {
        let answer = create(&app, APPLICANT, body).await;
        assert_eq!((answer.status, field(&answer)), (422, wrong), "{}", answer.body);
    }
    assert_eq!(field(&create(&app, OPERATOR, json!({"name": "x", "role": "reviewer"})).await), "account");
    assert_eq!(field(&create(&app, OPERATOR, json!({"name": "x", "account": "p"})).await), "role");
    for (token, roles) in [
        (OPERATOR, &["reviewer", "supervisor", "auditor"][..]),
        (SUPERVISOR, &["applicant", "reseller", "operator", "auditor"]),
        (AUDITOR, &["applicant", "reseller", "reviewer", "operator", "supervisor"]),
    ] {
        for role in roles {
            let answer = create(&app, token, json!({"name": "x", "account": "p", "role": role})).await;
            assert_eq!((answer.status, field(&answer)), (422, "role"), "{token} {role}: {}", answer.body);
        }
    }
    let made = create(&app, SUPERVISOR, json!({"name": "desk", "account": "p", "role": "reviewer"})).await;
    let key = text(&made.body["key"]);
    assert_eq!(app.get(&key, "/v1/review").await.status, 200);
    let reseller = create(&app, RESELLER, json!({"name": "shop"})).await;
    assert_eq!((&reseller.body["account"], &reseller.body["role"]), (&json!("r"), &json!("reseller")));
    assert_eq!(create(&app, REVIEWER, json!({"name": "x"})).await.status, 403);

    let all = app.get(OPERATOR, "/v1/keys").await;
    assert_eq!(all.body["keys"].as_array().unwrap().len(), 2);
    let page = app.get(OPERATOR, "/v1/keys?limit=1").await;
    let next = format!("/v1/keys?limit=1&after={}", text(&page.body["next_after"]));
    assert_eq!(app.get(OPERATOR, &next).await.body["keys"][0]["account"], "r");
    assert_eq!(app.get(OPERATOR, "/v1/keys?account=p").await.body["keys"].as_array().unwrap().len(), 1);
    assert_eq!(field(&app.get(APPLICANT, "/v1/keys?account=p").await), "account");
    // Two roles may have one account: its applicants do not see the keys of those who work for the provider.
    let of_applicant = create(&app, OPERATOR, json!({"name": "x", "account": "p", "role": "applicant"})).await;
    let own = app.get(&text(&of_applicant.body["key"]), "/v1/keys").await;
    assert_eq!(own.body["keys"].as_array().unwrap().len(), 1, "{}", own.body);
    let desk = format!("/v1/keys/{}", text(&made.body["id"]));
    assert_eq!(app.send(&text(&of_applicant.body["key"]), Method::DELETE, &desk, None, None).await.status, 404);
    // Supervisors and auditors see and revoke the keys that are theirs to make.
    assert_eq!(app.get(SUPERVISOR, "/v1/keys").await.body["keys"].as_array().unwrap().len(), 1);
    assert_eq!(app.get(AUDITOR, "/v1/keys").await.body["keys"].as_array().unwrap().len(), 0);
    assert_eq!(app.send(AUDITOR, Method::DELETE, &desk, None, None).await.status, 404);
    assert_eq!(app.send(SUPERVISOR, Method::DELETE, &desk, None, None).await.status, 204);
    assert_eq!(app.get(&key, "/v1/review").await.status, 401);
}
