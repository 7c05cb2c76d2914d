//! Facts become mails, SMS and partner events, once each.

use icp_bus::Outgoing;
use icp_proto::common::Contact;
use icp_proto::order::OrderEvent;
use icp_proto::sms::WindowEvent;
use serde_json::json;
use uuid::Uuid;

use crate::world::{EMAIL, MOBILE, NAME, World, contact, fact};

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_told_by_mail_by_sms_and_to_partners() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    let approved = world.order_event(order_id, 9, "approved");
    // Under two message ids, each delivered twice.
    world.send([fact(&approved), fact(&approved)]).await;
    world.handled(2).await;
    assert_eq!(world.settled().await, ["approved mail sent", "approved sms sent"]);

    let mails = world.smtp.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, EMAIL);
    assert!(mails[0].text().contains(">粤ICP备2026000001号</a>"), "{}", mails[0].text());
    let (mail_id, sms_id): (Uuid, Uuid) = (delivery(&world, "mail").await, delivery(&world, "sms").await);
    assert_eq!(mails[0].header("Message-ID"), format!("<{mail_id}@test.example>"));
    let sent = world.gateway.sent();
    assert_eq!(sent.keys().collect::<Vec<_>>(), [&sms_id.to_string()]);
    let (to, text) = &sent[&sms_id.to_string()];
    assert_eq!(to, MOBILE);
    assert!(text.starts_with("【示例备案】") && text.contains("粤ICP备2026000001号-1"), "{text}");

    assert_eq!(world.journal(order_id).await, ["mail sent: approved", "sms sent: approved"]);
    let expected = json!({
        "order_id": order_id, "event": "approved", "version": 9, "at": "2026-09-21T14:13:20.000Z", "province": "gd",
        "organiser_number": "粤ICP备2026000001号", "service_numbers": ["粤ICP备2026000001号-1"],
        "footer_numbers": ["粤ICP备2026000001号"],
    });
    assert_eq!(world.public().await, [("icp.pub.filing.v1.approved.gd".to_owned(), expected)]);
    world.finish(0).await;
}

async fn delivery(world: &World, channel: &str) -> Uuid {
    sqlx::query_scalar("select id from deliveries where channel = $1")
        .bind(channel)
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_an_order_goes_to_its_channels() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    let steps = ["submitted", "review_requested", "returned", "submitted", "queued", "at_bureau", "approved"];
    let events: Vec<_> = (1..).zip(steps).map(|(version, step)| world.order_event(order_id, version, step)).collect();
    world.send(events.iter().map(fact)).await;
    world.handled(7).await;
    let expected = [
        "approved mail sent",
        "approved sms sent",
        "at_bureau sms sent",
        "returned mail sent",
        "returned sms sent",
        "submitted mail sent",
        "submitted mail sent",
    ];
    assert_eq!(world.settled().await, expected);
    let public: Vec<String> = world.public().await.into_iter().map(|(subject, _)| subject).collect();
    assert_eq!(public, steps.map(|step| format!("icp.pub.filing.v1.{step}.gd")));
    assert!(world.smtp.connections() <= 8, "connections are kept");
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_withdrawal_ended_is_told() {
    let world = World::start().await;
    let ends = ["withdrawn", "withdrawal_too_late"].map(|end| world.order_event(Uuid::now_v7(), 5, end));
    world.send(ends.iter().map(fact)).await;
    world.handled(2).await;
    let expected = ["withdrawal_too_late mail sent", "withdrawal_too_late sms sent", "withdrawn mail sent"];
    assert_eq!(world.settled().await, expected);
    assert!(world.gateway.sent().values().all(|(_, text)| text.contains("未能撤销")), "{:?}", world.gateway.sent());
    assert_eq!(world.public().await.len(), 2, "partners are told, too");
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_not_told_what_is_no_longer_so() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    world.send([fact(&world.order_event(order_id, 9, "approved"))]).await;
    world.handled(1).await;
    // Late: the order has gone on.
    world.send([fact(&world.order_event(order_id, 7, "at_bureau"))]).await;
    world.handled(2).await;
    assert_eq!(world.settled().await, ["approved mail sent", "approved sms sent"]);
    // Partners put facts in order themselves.
    let versions: Vec<_> = world.public().await.into_iter().map(|(_, body)| body["version"].clone()).collect();
    assert_eq!(versions, [9, 7]);
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_person_in_charge_is_reminded_once_for_each_timer() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    let second = Contact { mobile: "13912340002".into(), ..contact() };
    let reminder = |hours: u32| {
        let message = WindowEvent {
            order_id: order_id.to_string(),
            attempt: 1,
            province: "gd".into(),
            event: "reminder_due".into(),
            deadline_unix_ms: 1_790_000_000_000,
            contacts: vec![world.seal(order_id, &contact()), world.seal(order_id, &second)],
            reminder_hours: hours,
            ..WindowEvent::default()
        };
        Outgoing::event("sms", "reminder_due", "gd", order_id, &message)
    };
    world.send([reminder(1), reminder(1), reminder(6)]).await;
    world.handled(3).await;
    assert_eq!(world.settled().await, ["window_reminder sms sent"; 4]);
    let sent = world.gateway.sent();
    let mut to: Vec<&str> = sent.values().map(|(to, _)| to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["13912340001", "13912340001", "13912340002", "13912340002"]);
    assert!(sent.values().all(|(_, text)| text.contains("09月21日 22:13")), "{sent:?}");
    assert_eq!(world.public().await, []);
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_without_a_mail_address_is_skipped() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    let mut submitted = world.order_event(order_id, 1, "submitted");
    submitted.contact = Some(world.seal(order_id, &Contact { email: String::new(), ..contact() }));
    world.send([fact(&submitted)]).await;
    world.handled(1).await;
    assert_eq!(world.settled().await, ["submitted mail skipped"]);
    assert_eq!(world.journal(order_id).await, ["mail not sent: submitted"]);
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_data_is_stored_in_clear() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    // One waits in the job table while we look.
    world.gateway.fail_next(&[crate::gateway::Fault::SilentAfterEffect]);
    world.send([fact(&world.order_event(order_id, 1, "returned"))]).await;
    world.handled(1).await;
    let dump = icp_testkit::shared().await.unwrap().postgres.dump(&world.database.name).await.unwrap();
    assert!(dump.contains(&order_id.to_string()));
    for marked in [NAME, MOBILE, EMAIL] {
        let hex: String = marked.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!dump.contains(marked) && !dump.contains(&hex), "{marked} is in the dump");
    }
    world.settled().await;
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_order_is_told_in_the_reviewers_words_and_nobody_else_reads_them() {
    const REASON: &str = "MARKED-WORDS: the licence of Mr. Zhang shows another name";
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    let mut returned = world.order_event(order_id, 1, "returned");
    returned.words = Some(world.own_words(order_id, REASON, "MARKED-REMEDY: write it as on the licence"));
    // The SMS waits in the job table while we look.
    world.gateway.fail_next(&[crate::gateway::Fault::SilentAfterEffect]);
    world.send([fact(&returned)]).await;
    world.handled(1).await;
    let dump = icp_testkit::shared().await.unwrap().postgres.dump(&world.database.name).await.unwrap();
    let hex: String = "MARKED-".bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(dump.contains(&order_id.to_string()) && !dump.contains("MARKED-") && !dump.contains(&hex));
    assert_eq!(world.settled().await, ["returned mail sent", "returned sms sent"]);
    let mail = world.smtp.mails()[0].text();
    for part in ["第1个服务的名称", "名称不可用", REASON, "MARKED-REMEDY: write it as on the licence"] {
        assert!(mail.contains(part), "{part} in {mail}");
    }
    assert!(world.gateway.sent().values().all(|(_, text)| !text.contains("MARKED-")));
    assert!(world.public().await.iter().all(|(_, body)| !body.to_string().contains("MARKED-")));
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_reminders_of_the_public_security_filing_name_its_end_and_stay_with_the_applicant() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    let reminders = ["public_security_first", "public_security_last"].map(|name| OrderEvent {
        service_numbers: vec!["粤ICP备2026000001号-1".into()],
        deadline_unix_ms: 1_790_000_000_000,
        ..world.order_event(order_id, 9, name)
    });
    world.send(reminders.iter().map(fact)).await;
    world.handled(2).await;
    let both = ["public_security mail sent", "public_security sms sent"];
    assert_eq!(world.settled().await, [both[0], both[0], both[1], both[1]]);
    assert!(
        world.gateway.sent().values().all(|(_, text)| text.contains("09月21日 22:13")),
        "{:?}",
        world.gateway.sent()
    );
    assert!(world.public().await.is_empty());
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_goes_to_the_applicant_and_not_to_partners() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    let reminders = ["reminder_first", "reminder_second"].map(|name| world.order_event(order_id, 1, name));
    world.send(reminders.iter().map(fact)).await;
    world.handled(2).await;
    assert_eq!(world.settled().await, ["reminder mail sent", "reminder mail sent"], "each reminder is one of its own");
    assert!(world.public().await.is_empty());
    world.finish(0).await;
}
