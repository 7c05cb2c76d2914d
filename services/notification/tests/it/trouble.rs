//! The outside fails, is silent, or refuses.

use uuid::Uuid;

use crate::gateway::Fault;
use crate::world::{EMAIL, World, fact};

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_down_is_asked_again() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    world.gateway.fail_next(&[Fault::Status(503), Fault::Status(429)]);
    world.send([fact(&world.order_event(order_id, 1, "at_bureau"))]).await;
    world.handled(1).await;
    assert_eq!(world.settled().await, ["at_bureau sms sent"]);
    assert_eq!((world.gateway.calls(), world.gateway.sent().len()), (3, 1));
    assert_eq!(world.journal(order_id).await, ["sms sent: at_bureau"]);
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_answer_is_asked_for_with_the_same_reference() {
    let world = World::start().await;
    world.gateway.fail_next(&[Fault::SilentAfterEffect, Fault::SilentAfterEffect]);
    world.send([fact(&world.order_event(Uuid::now_v7(), 1, "at_bureau"))]).await;
    world.handled(1).await;
    assert_eq!(world.settled().await, ["at_bureau sms sent"]);
    assert_eq!((world.gateway.calls(), world.gateway.sent().len()), (3, 1), "three calls, one SMS");
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_answers_without_end_or_names_another_address_is_asked_again() {
    let world = World::start().await;
    world.gateway.fail_next(&[Fault::EndlessAfterEffect, Fault::Elsewhere]);
    world.send([fact(&world.order_event(Uuid::now_v7(), 1, "at_bureau"))]).await;
    world.handled(1).await;
    assert_eq!(world.settled().await, ["at_bureau sms sent"]);
    assert_eq!((world.gateway.calls(), world.gateway.sent().len(), world.gateway.led_astray()), (3, 1, 0));
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_refuses_is_not_asked_again() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    world.gateway.fail_next(&[Fault::Status(422)]);
    world.send([fact(&world.order_event(order_id, 1, "at_bureau"))]).await;
    world.handled(1).await;
    assert_eq!(world.settled().await, ["at_bureau sms failed"]);
    assert_eq!(world.gateway.calls(), 1);
    assert_eq!(world.journal(order_id).await, ["sms given up: at_bureau"]);
    world.finish(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_busy_is_asked_again_with_the_same_message_id() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    world.smtp.refuse_next("451 try again later");
    world.send([fact(&world.order_event(order_id, 1, "submitted"))]).await;
    world.handled(1).await;
    assert_eq!(world.settled().await, ["submitted mail sent"]);
    assert_eq!(world.smtp.mails().len(), 1);
    world.finish(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_is_given_up_and_kept_out_of_the_records() {
    let world = World::start().await;
    let order_id = Uuid::now_v7();
    world.smtp.refuse_next("550 no such user {to}");
    world.send([fact(&world.order_event(order_id, 1, "submitted"))]).await;
    world.handled(1).await;
    assert_eq!(world.settled().await, ["submitted mail failed"]);
    assert_eq!(world.journal(order_id).await, ["mail given up: submitted"]);
    let reason: String = sqlx::query_scalar("select reason from deliveries").fetch_one(&world.pool).await.unwrap();
    assert!(reason.contains("550"), "{reason}");
    let dump = icp_testkit::shared().await.unwrap().postgres.dump(&world.database.name).await.unwrap();
    assert!(!dump.contains(EMAIL), "the server's words are not kept");
    world.finish(1).await;
}
