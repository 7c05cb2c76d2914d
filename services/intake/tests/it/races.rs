//! Requests that meet: one wins, the others are told, and history, state and messages agree.

use futures::future::join_all;
use icp_bus::Outgoing;
use icp_domain::Province;
use icp_proto::bureau;
use icp_testkit::filings::company_filing;
use reqwest::Method;
use serde_json::json;

use crate::app::{APPLICANT, Answer, App, REVIEWER, id_of, path_of};

const ROUNDS: u32 = 25;

/// The events of an order, and its phase; the history has no gap and no double.
async fn history(app: &App, path: &str) -> (Vec<String>, String) {
    let history = app.order(&format!("{path}/history")).await;
    let lines = history.body["history"].as_array().unwrap().clone();
    let versions: Vec<i64> = lines.iter().map(|line| line["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>());
    let order = app.order(path).await;
    assert_eq!(order.etag, format!("\"{}\"", versions.len()));
    let events = lines.iter().map(|line| line["event"]["event"].as_str().unwrap().to_owned()).collect();
    (events, order.body["phase"].as_str().unwrap().to_owned())
}

async fn tasks(app: &App, path: &str, subject: &str) -> i64 {
    sqlx::query_scalar("select count(*) from outbox where key = $1 and subject = $2")
        .bind(id_of(path))
        .bind(subject)
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

/// How many were done; all others were told that somebody was faster, or that it is not possible any more.
fn winners(answers: &[Answer]) -> usize {
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert!(matches!(answer.status, 409 | 412), "{} {}", answer.status, answer.body);
        assert!(!answer.body["detail"].as_str().unwrap().is_empty());
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn of_amendments_at_one_version_one_is_kept_whole() {
    let app = App::start().await;
    for round in 1..=ROUNDS {
        let (path, etag) = app.draft(round).await;
        let amendments =
            (0..6).map(|writer| {
                let mut filing = company_filing(Province::Guangdong, round);
                filing.services[0].name = format!("示例名称{writer}");
                filing.organiser.remark = Some(format!("备注{writer}"));
                let (app, path, etag) = (&app, path.clone(), etag.clone());
                async move {
                    app.json(APPLICANT, Method::PUT, &path, Some(&etag), &serde_json::to_value(filing).unwrap()).await
                }
            });
        let answers = join_all(amendments).await;
        assert_eq!(winners(&answers), 1);
        let winner = answers.iter().position(|answer| answer.status == 200).unwrap();
        let order = app.order(&path).await;
        assert_eq!(order.body["filing"]["services"][0]["name"], format!("示例名称{winner}"));
        assert_eq!(order.body["filing"]["organiser"]["remark"], format!("备注{winner}"), "not a mixture of two");
        assert_eq!(history(&app, &path).await.0, ["created", "amended"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_handed_in_twice_is_handed_in_once() {
    let app = App::start().await;
    for round in 1..=ROUNDS {
        let (path, etag) = app.draft(round).await;
        let submit = format!("{path}/submit");
        let answers = join_all((0..6).map(|_| app.send(APPLICANT, Method::POST, &submit, Some(&etag), None))).await;
        assert_eq!(winners(&answers), 1);
        let (events, phase) = history(&app, &path).await;
        assert_eq!(
            (events, phase.as_str()),
            (["created", "submitted", "rules_judged"].map(str::to_owned).to_vec(), "checking")
        );
        assert_eq!(app.order(&path).await.body["attempt"], 1);
        for subject in ["icp.task.identity.v1.verify", "icp.task.authority.v1.lookup"] {
            assert_eq!(tasks(&app, &path, subject).await, 1, "{subject}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_and_the_reviewers_pass_do_not_both_happen() {
    let app = App::start().await;
    let (mut passed, mut withdrawn) = (0, 0);
    for round in 1..=ROUNDS {
        let order = app.in_review(round..=round).await.remove(0);
        let path = path_of(&order);
        let withdraw = format!("{path}/withdraw");
        let decision = json!({"decision": "pass"});
        let pass = app.review(REVIEWER, &order, &decision);
        let withdraw = app.send(APPLICANT, Method::POST, &withdraw, Some(&order.etag), None);
        // Each goes first in every other round.
        let (pass, withdraw) = if round % 2 == 0 {
            tokio::join!(pass, withdraw)
        } else {
            let (withdraw, pass) = tokio::join!(withdraw, pass);
            (pass, withdraw)
        };
        assert_eq!(winners(&[pass, withdraw]), 1);
        let (events, phase) = history(&app, &path).await;
        let submissions = tasks(&app, &path, "icp.task.relay.v1.submit").await;
        match phase.as_str() {
            "queued" => {
                passed += 1;
                assert_eq!((submissions, events.last().unwrap().as_str()), (1, "passed"));
            }
            "withdrawn" => {
                withdrawn += 1;
                assert_eq!((submissions, events.last().unwrap().as_str()), (0, "withdrawn"));
            }
            other => panic!("{other}: {events:?}"),
        }
    }
    assert_eq!(passed + withdrawn, ROUNDS);
}

/// The applicant withdraws a queued order while the bureau decides, and the relay answers at any time.
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_and_the_bureaus_approval_end_in_one_way() {
    let app = App::start().await;
    for round in 1..=ROUNDS {
        let order = app.in_review(round..=round).await.remove(0);
        let path = path_of(&order);
        let queued = app.review(REVIEWER, &order, &json!({"decision": "pass"})).await;
        assert_eq!(queued.body["phase"], "queued", "{}", queued.body);
        let id = id_of(&path);
        let digits = format!("{:08}", 20_000_000 + round);
        let approved = bureau::Approved {
            order_id: id.clone(),
            attempt: 1,
            province: "gd".to_owned(),
            organiser_number: format!("粤ICP备{digits}号"),
            service_numbers: vec![format!("粤ICP备{digits}号-1")],
            ..bureau::Approved::default()
        };
        let is_approved = round % 3 != 0;
        let answer = bureau::WithdrawalAnswered {
            order_id: id.clone(),
            attempt: 1,
            province: "gd".to_owned(),
            is_withdrawn: !is_approved,
            at_unix_ms: 1,
        };
        let answer = Outgoing::event("bureau", "withdrawal_answered", "gd", &id, &answer);
        let withdraw = format!("{path}/withdraw");
        let withdraw = async {
            let asked = app.send(APPLICANT, Method::POST, &withdraw, Some(&queued.etag), None).await;
            // The relay answers only who asked.
            if asked.status == 200 {
                app.publish(vec![answer.clone(), answer.clone()]).await;
            }
            asked
        };
        let decide = async {
            if is_approved {
                let approved = Outgoing::event("bureau", "approved", "gd", &id, &approved);
                app.publish(vec![approved.clone(), approved]).await;
            }
        };
        let (asked, ()) = tokio::join!(withdraw, decide);
        winners(std::slice::from_ref(&asked));
        let expected = if is_approved { "approved" } else { "withdrawn" };
        app.wait_phase(&path, expected).await;
        let (events, _) = history(&app, &path).await;
        let ends = events.iter().filter(|event| matches!(event.as_str(), "approved" | "withdrawn")).count();
        assert_eq!(ends, 1, "{events:?}");
        let on_record: i64 = sqlx::query_scalar("select count(*) from archive_orders where order_id = $1")
            .bind(uuid::Uuid::parse_str(&id).unwrap())
            .fetch_one(&app.pool)
            .await
            .unwrap();
        assert_eq!(on_record, i64::from(is_approved));
        if asked.status == 200 {
            assert_eq!(tasks(&app, &path, "icp.task.relay.v1.withdraw").await, 1);
        }
    }
}
