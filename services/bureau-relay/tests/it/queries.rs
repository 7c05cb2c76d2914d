//! What the ministry has on record, asked for over the sandbox's bureau.

use icp_proto::{common, relay};
use serde_json::json;

use crate::sandbox::{Platform, filing};

fn domain(name: &str) -> relay::StatusCondition {
    relay::StatusCondition { domain: name.into(), certificate: None }
}

fn certificate(kind: u32, number: &str) -> relay::StatusCondition {
    let certificate = common::Certificate { kind, number: number.into(), ..Default::default() };
    relay::StatusCondition { domain: String::new(), certificate: Some(certificate) }
}

async fn both_forms_are_answered(interface: &str) {
    let platform = Platform::start(interface).await;
    let record = filing(1);
    let filed = platform.carry(record.clone()).await.approved();
    let ask = async |condition| {
        let query_id = platform.world.ask(condition).await;
        platform.world.wait_for_answer(&query_id).await
    };
    let answer = ask(domain("example1.cn")).await;
    assert_eq!((answer.code, answer.is_filed, answer.province.as_str()), (0, true, "gd"));
    assert_eq!(answer.organiser_number, filed.organiser_number);
    assert_eq!(answer.service_number, filed.service_numbers[0]);
    let answer = ask(domain("nobody.cn")).await;
    assert_eq!((answer.code, answer.is_filed, answer.organiser_number.as_str()), (0, false, ""));
    let number = record.organiser.unwrap().certificate.unwrap().number;
    let answer = ask(certificate(1, &number)).await;
    assert_eq!((answer.is_filed, answer.organiser_number), (true, filed.organiser_number));
    assert_eq!(answer.service_number, "");

    // Kinds beyond 11 exist since the certificates of V5.0.
    let answer = ask(certificate(14, "H00000000")).await;
    assert_eq!((answer.code, answer.is_filed), (if interface == "V3.0" { 999 } else { 0 }, false));

    // An answer that says nothing is asked for again; in the end its code is told.
    let fault = |times| json!({"kind": "msg_code", "operation": "isp_querybeianstatus", "code": 902, "times": times});
    platform.post("/bureau/faults", &fault(2)).await;
    assert!(ask(domain("example1.cn")).await.is_filed);
    platform.post("/bureau/faults", &fault(5)).await;
    let answer = ask(domain("example1.cn")).await;
    assert_eq!((answer.code, answer.is_filed), (902, false));
    let nothing = ask(relay::StatusCondition::default()).await;
    assert_eq!(nothing.code, 999);
    assert!(platform.world.reason_of(&nothing).contains("name a domain"), "{nothing:?}");
    let kept: i64 = sqlx::query_scalar("select count(*) from status_queries where sealed is not null")
        .fetch_one(&platform.world.pool)
        .await
        .unwrap();
    assert_eq!(kept, 0, "an answered question is forgotten");
}

#[tokio::test]
async fn both_forms_are_answered_in_v3() {
    both_forms_are_answered("V3.0").await;
}

#[tokio::test]
async fn both_forms_are_answered_in_v5() {
    both_forms_are_answered("V5.0").await;
}
