//! gRPC for back offices: the rights of REST, streams, decisions, errors that say what to do, reflection and health.

use std::time::Duration;

use icp_domain::Province;
use icp_proto::intake::archive_client::ArchiveClient;
use icp_proto::intake::decide_request::Decision;
use icp_proto::intake::orders_client::OrdersClient;
use icp_proto::intake::review_client::ReviewClient;
use icp_proto::intake::{
    ClaimRequest, DecideRequest, GetOrderRequest, GetRecordRequest, GivenReason, HistoryRequest, ListOrdersRequest,
    PassOrder, QueueRequest, ReasonsRequest, RecordHistoryRequest, ReleaseRequest, ReturnOrder, SearchRequest,
    WatchRequest, record,
};
use icp_testkit::filings::company_filing;
use icp_testkit::wait_until;
use reqwest::Method;
use serde_json::json;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt as _;

use crate::app::{
    APPLICANT, AUDITOR, App, OPERATOR, OTHER, OTHER_RESELLER, RESELLER, REVIEWER, SECOND, SUPERVISOR, id_of,
};

async fn channel(app: &App) -> Channel {
    tonic::transport::Endpoint::from_shared(app.grpc.clone()).unwrap().connect().await.unwrap()
}

/// A call by whoever has this token.
fn by<M>(token: &str, message: M) -> Request<M> {
    let mut request = Request::new(message);
    if !token.is_empty() {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    request
}

fn order(order_id: &str) -> GetOrderRequest {
    GetOrderRequest { order_id: order_id.to_owned(), with_content: true }
}

/// Field and what is said about it, each.
fn violations(status: &Status) -> Vec<(String, String)> {
    let details = status.get_details_bad_request().expect("an error that names fields");
    details.field_violations.into_iter().map(|violation| (violation.field, violation.description)).collect()
}

fn error_code(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_read_with_the_rights_of_rest() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let id = id_of(&path);
    app.draft(2).await;
    let mut orders = OrdersClient::new(channel(&app).await);

    let nobody = orders.get(by("", order(&id))).await.unwrap_err();
    assert_eq!((nobody.code(), error_code(&nobody).as_str()), (Code::Unauthenticated, "ICP-INTAKE-0003"));
    assert_eq!(orders.get(by("nonsense", order(&id))).await.unwrap_err().code(), Code::Unauthenticated);
    let foreign = orders.get(by(OTHER, order(&id))).await.unwrap_err();
    assert_eq!((foreign.code(), error_code(&foreign).as_str()), (Code::NotFound, "ICP-INTAKE-0005"));
    assert_eq!(
        orders.history(by(OTHER, HistoryRequest { order_id: id.clone() })).await.unwrap_err().code(),
        Code::NotFound
    );
    let watch = WatchRequest { order_id: id.clone(), after_version: 0 };
    assert_eq!(orders.watch(by(OTHER, watch)).await.unwrap_err().code(), Code::NotFound);

    for token in [APPLICANT, REVIEWER] {
        let read = orders.get(by(token, order(&id))).await.unwrap().into_inner();
        let filing: serde_json::Value = serde_json::from_str(&read.filing_json).unwrap();
        assert_eq!(filing, json!(company_filing(Province::Guangdong, 1)), "{token}");
        assert_eq!((read.phase.as_str(), read.province.as_str(), read.version), ("draft", "gd", 1));
        assert_eq!((read.account.as_str(), read.order_type.as_str()), ("a", "first_filing"));
    }
    for token in [OPERATOR, SUPERVISOR, AUDITOR] {
        let read = orders.get(by(token, order(&id))).await.unwrap().into_inner();
        assert_eq!((read.id.as_str(), read.filing_json.as_str()), (id.as_str(), ""), "{token}");
    }
    let seen = "select count(*) from (select action, actor from audit_pending union all select action, actor from \
                audit_trail) entries where action = 'content.viewed' and actor = 'reviewer'";
    let seen: i64 = sqlx::query_scalar(seen).fetch_one(&app.pool).await.unwrap();
    assert_eq!(seen, 1, "a reviewer's look is recorded");

    let first = ListOrdersRequest { limit: 1, ..Default::default() };
    let first = orders.list(by(APPLICANT, first)).await.unwrap().into_inner();
    assert_eq!((first.orders[0].id.as_str(), first.next_after.as_str()), (id.as_str(), id.as_str()));
    let rest = ListOrdersRequest { after: first.next_after, phase: "draft".to_owned(), ..Default::default() };
    let rest = orders.list(by(APPLICANT, rest)).await.unwrap().into_inner();
    assert_eq!((rest.orders.len(), rest.next_after.as_str()), (1, ""));
    assert!(orders.list(by(OTHER, ListOrdersRequest::default())).await.unwrap().into_inner().orders.is_empty());
    let narrowed = |order_type: &str| ListOrdersRequest {
        account: "a".to_owned(),
        order_type: order_type.to_owned(),
        ..Default::default()
    };
    let firsts = orders.list(by(OPERATOR, narrowed("first_filing"))).await.unwrap().into_inner();
    let transfers = orders.list(by(OPERATOR, narrowed("transfer"))).await.unwrap().into_inner();
    assert_eq!((firsts.orders.len(), transfers.orders.len()), (2, 0));
    let history = orders.history(by(OPERATOR, HistoryRequest { order_id: id })).await.unwrap().into_inner();
    assert_eq!((history.events[0].event.as_str(), history.events[0].version), ("created", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_told_with_field_reason_and_remedy() {
    let app = App::start_with("[intake.grpc]\nrequest_bytes_max = 2000\n").await;
    let mut orders = OrdersClient::new(channel(&app).await);
    let bad_lists = [
        ("limit", ListOrdersRequest { limit: 100_000, ..Default::default() }),
        ("limit", ListOrdersRequest { limit: -1, ..Default::default() }),
        ("phase", ListOrdersRequest { phase: "asleep".to_owned(), ..Default::default() }),
        ("after", ListOrdersRequest { after: "7".to_owned(), ..Default::default() }),
        ("province", ListOrdersRequest { province: "xx".to_owned(), ..Default::default() }),
        ("order_type", ListOrdersRequest { order_type: "first".to_owned(), ..Default::default() }),
        ("account", ListOrdersRequest { account: "b".to_owned(), ..Default::default() }),
    ];
    for (field, request) in bad_lists {
        let status = orders.list(by(APPLICANT, request)).await.unwrap_err();
        assert_eq!((status.code(), error_code(&status).as_str()), (Code::InvalidArgument, "ICP-INTAKE-0002"));
        let [(named, said)] = violations(&status).try_into().unwrap();
        assert_eq!(named, field);
        let (reason, remedy) = said.split_once("; ").unwrap();
        assert!(!reason.is_empty() && !remedy.is_empty(), "{said}");
    }
    let (path, _) = app.draft(1).await;
    let watch = WatchRequest { order_id: id_of(&path), after_version: -1 };
    let status = orders.watch(by(APPLICANT, watch)).await.unwrap_err();
    assert_eq!(violations(&status)[0].0, "after_version");
    assert_eq!(orders.get(by(APPLICANT, order("not-an-id"))).await.unwrap_err().code(), Code::NotFound);
    let large = ListOrdersRequest { province: "x".repeat(3000), ..Default::default() };
    assert_eq!(orders.list(by(APPLICANT, large)).await.unwrap_err().code(), Code::OutOfRange);

    let mut archive = ArchiveClient::new(channel(&app).await);
    let bad_searches = [
        ("domain", SearchRequest { domain: "..".to_owned(), ..Default::default() }),
        ("province", SearchRequest { province: "xx".to_owned(), ..Default::default() }),
        ("cursor", SearchRequest { cursor: "!".to_owned(), ..Default::default() }),
        ("limit", SearchRequest { limit: -5, ..Default::default() }),
        ("name", SearchRequest { name: "a\0b".to_owned(), ..Default::default() }),
    ];
    for (field, request) in bad_searches {
        let status = archive.search(by(APPLICANT, request)).await.unwrap_err();
        assert_eq!(violations(&status)[0].0, field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resellers_call_for_their_customers_and_nobody_without_limit() {
    let app = App::start_with("[intake.rate_limits]\noperator = { per_second = 1, burst = 2 }\n").await;
    let (path, _) = app.draft(1).await;
    let linked = app.send(OPERATOR, Method::PUT, "/v1/resellers/r/accounts/a", None, None).await;
    assert_eq!(linked.status, 200, "{}", linked.body);
    let mut orders = OrdersClient::new(channel(&app).await);
    let read = orders.get(by(RESELLER, order(&id_of(&path)))).await.unwrap().into_inner();
    assert!(!read.filing_json.is_empty());
    assert_eq!(orders.get(by(OTHER_RESELLER, order(&id_of(&path)))).await.unwrap_err().code(), Code::NotFound);
    let mut foreign = by(RESELLER, order(&id_of(&path)));
    foreign.metadata_mut().insert("icp-account", "b".parse().unwrap());
    let foreign = orders.get(foreign).await.unwrap_err();
    assert_eq!(violations(&foreign)[0].0, "Icp-Account");

    let mut refused = None;
    for _ in 0..20 {
        if let Err(status) = orders.list(by(OPERATOR, ListOrdersRequest::default())).await {
            refused = Some(status);
        }
    }
    let refused = refused.expect("a call beyond the limit");
    assert_eq!((refused.code(), error_code(&refused).as_str()), (Code::ResourceExhausted, "ICP-INTAKE-0040"));
    let wait = refused.get_details_retry_info().unwrap().retry_delay.unwrap();
    assert!(wait >= Duration::from_secs(1), "{wait:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_tells_what_was_and_what_comes_until_the_end() {
    let app = App::start_with("[intake.streams]\nmax_open = 1\n").await;
    let (path, etag) = app.draft(1).await;
    let mut orders = OrdersClient::new(channel(&app).await);
    let watch = || WatchRequest { order_id: id_of(&path), after_version: 0 };
    let mut stream = orders.watch(by(APPLICANT, watch())).await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().event, "created");
    let full = orders.watch(by(APPLICANT, watch())).await.unwrap_err();
    assert_eq!(full.code(), Code::Unavailable);
    assert!(full.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some()), "{full:?}");

    app.send(APPLICANT, Method::POST, &format!("{path}/submit"), Some(&etag), None).await;
    let submitted = stream.message().await.unwrap().unwrap();
    assert_eq!((submitted.version, submitted.event.as_str(), submitted.actor.as_str()), (2, "submitted", "applicant"));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&submitted.event_json).unwrap()["attempt"], 1);
    assert_eq!(stream.message().await.unwrap().unwrap().event, "rules_judged");
    let order = app.order(&path).await;
    app.send(APPLICANT, Method::POST, &format!("{path}/withdraw"), Some(&order.etag), None).await;
    assert_eq!(stream.message().await.unwrap().unwrap().event, "withdrawn");
    assert!(stream.message().await.unwrap().is_none(), "the stream ends with the order");
}

#[tokio::test(flavor = "multi_thread")]
async fn reviewers_claim_and_decide() {
    let app = App::start_with("[intake.review]\nclaim_required = true\n").await;
    app.in_review(1..=2).await;
    let mut review = ReviewClient::new(channel(&app).await);
    for token in [APPLICANT, OPERATOR, AUDITOR] {
        let status = review.queue(by(token, QueueRequest::default())).await.unwrap_err();
        assert_eq!((status.code(), error_code(&status).as_str()), (Code::PermissionDenied, "ICP-INTAKE-0004"));
    }
    let page = QueueRequest { limit: 1, ..Default::default() };
    let page = review.queue(by(SUPERVISOR, page)).await.unwrap().into_inner();
    let next = QueueRequest { cursor: page.next_cursor.clone(), ..Default::default() };
    let next = review.queue(by(REVIEWER, next)).await.unwrap().into_inner();
    let (first, second) = (page.entries[0].clone(), next.entries[0].clone());
    assert_eq!(next.entries.len(), 1);
    assert!(!first.due.is_empty() && first.claim.is_none());
    let (first, second) = (first.order.unwrap(), second.order.unwrap());
    let decide = |order: &icp_proto::intake::Order, decision: Option<Decision>| DecideRequest {
        order_id: order.id.clone(),
        version: order.version,
        decision,
    };
    let pass = || Some(Decision::Pass(PassOrder {}));

    let unclaimed = review.decide(by(REVIEWER, decide(&first, pass()))).await.unwrap_err();
    assert_eq!((unclaimed.code(), error_code(&unclaimed).as_str()), (Code::FailedPrecondition, "ICP-INTAKE-0030"));
    let claim = |order: &icp_proto::intake::Order| ClaimRequest { order_id: order.id.clone() };
    let release = |order: &icp_proto::intake::Order| ReleaseRequest { order_id: order.id.clone() };
    assert_eq!(review.claim(by(REVIEWER, claim(&first))).await.unwrap().into_inner().reviewer, "reviewer");
    assert_eq!(review.claim(by(SECOND, claim(&first))).await.unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(review.claim(by(APPLICANT, claim(&first))).await.unwrap_err().code(), Code::PermissionDenied);
    review.release(by(SUPERVISOR, release(&first))).await.unwrap();
    for order in [&first, &second] {
        review.claim(by(SECOND, claim(order))).await.unwrap();
    }

    let stale = DecideRequest { version: 1, ..decide(&first, pass()) };
    let stale = review.decide(by(SECOND, stale)).await.unwrap_err();
    assert_eq!((stale.code(), error_code(&stale).as_str()), (Code::Aborted, "ICP-INTAKE-0010"));
    let nothing = review.decide(by(SECOND, decide(&first, None))).await.unwrap_err();
    assert_eq!(violations(&nothing)[0].0, "decision");
    let unknown = GivenReason { code: "X99".to_owned(), ..Default::default() };
    let unknown = Decision::Return(ReturnOrder { reasons: vec![unknown], only_named: false });
    let unknown = review.decide(by(SECOND, decide(&first, Some(unknown)))).await.unwrap_err();
    assert_eq!(violations(&unknown)[0].0, "findings[0].code");
    assert_eq!(review.decide(by(APPLICANT, decide(&first, pass()))).await.unwrap_err().code(), Code::PermissionDenied);

    let passed = review.decide(by(SECOND, decide(&first, pass()))).await.unwrap().into_inner();
    assert_eq!(passed.phase, "queued");
    let reasons = review.reasons(by(APPLICANT, ReasonsRequest {})).await.unwrap().into_inner().reasons;
    let reason = reasons.iter().find(|reason| reason.code == "N01").unwrap();
    assert!(!reason.message_zh.is_empty() && !reason.remedy_en.is_empty());
    let given = GivenReason {
        code: "N01".to_owned(),
        field: "services[0].name".to_owned(),
        reason: "名称与主办者无关".to_owned(),
        remedy: String::new(),
    };
    let returning = Decision::Return(ReturnOrder { reasons: vec![given], only_named: true });
    let returned = review.decide(by(SECOND, decide(&second, Some(returning)))).await.unwrap().into_inner();
    assert_eq!((returned.phase.as_str(), returned.findings[0].field.as_str()), ("returned", "services[0].name"));
    let shown = app.order(&format!("/v1/orders/{}", second.id)).await;
    assert!(shown.body["findings"].to_string().contains("名称与主办者无关"), "the same over REST: {}", shown.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_is_searched_and_read() {
    let app = App::start().await;
    let organiser = "粤ICP备2026000001号";
    let number = app.filed(1, organiser).await;
    let declared = company_filing(Province::Guangdong, 1);
    let mut archive = ArchiveClient::new(channel(&app).await);
    let search = || SearchRequest { certificate: declared.organiser.certificate.number.clone(), ..Default::default() };
    for (token, count) in [(APPLICANT, 1), (REVIEWER, 1), (OTHER, 0)] {
        let found = archive.search(by(token, search())).await.unwrap().into_inner();
        assert_eq!(found.services.len(), count, "{token}");
        assert!(found.services.iter().all(|service| service.number == number && service.service_json.is_empty()));
    }
    let get = |number: &str| GetRecordRequest { number: number.to_owned() };
    let Some(record::Record::Service(service)) =
        archive.get(by(APPLICANT, get(&number))).await.unwrap().into_inner().record
    else {
        panic!("a service")
    };
    assert!(service.service_json.contains(&declared.services[0].principal.mobile), "{service:?}");
    let Some(record::Record::Organiser(read)) =
        archive.get(by(REVIEWER, get(organiser))).await.unwrap().into_inner().record
    else {
        panic!("an organiser")
    };
    assert!(read.organiser_json.contains(&declared.organiser.principal.mobile), "{read:?}");
    let Some(record::Record::Organiser(read)) =
        archive.get(by(OPERATOR, get(organiser))).await.unwrap().into_inner().record
    else {
        panic!("an organiser")
    };
    assert_eq!((read.number.as_str(), read.organiser_json.as_str()), (organiser, ""));
    for number in [number.as_str(), organiser] {
        assert_eq!(archive.get(by(OTHER, get(number))).await.unwrap_err().code(), Code::NotFound);
        let history = |token| by(token, RecordHistoryRequest { number: number.to_owned() });
        assert_eq!(archive.history(history(OTHER)).await.unwrap_err().code(), Code::NotFound);
        let events = archive.history(history(APPLICANT)).await.unwrap().into_inner().events;
        assert!(events.iter().any(|event| event.event == "filed" && event.order_type == "first_filing"), "{events:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_names_the_services_and_health_tells_the_truth() {
    let mut app = App::start().await;
    let channel = channel(&app).await;
    let ask = tonic_reflection::pb::v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(channel.clone())
        .server_reflection_info(futures::stream::iter([ask]))
        .await
        .unwrap()
        .into_inner();
    let Some(MessageResponse::ListServicesResponse(list)) = answers.message().await.unwrap().unwrap().message_response
    else {
        panic!("a list of services")
    };
    let names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    let served = ["icp.intake.v1.Archive", "icp.intake.v1.Orders", "icp.intake.v1.Review", "icp.ops.v1.Operations"];
    for name in served {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }

    let mut health = HealthClient::new(channel);
    for name in served.into_iter().chain([""]) {
        let check = HealthCheckRequest { service: name.to_owned() };
        assert_eq!(health.check(check).await.unwrap().into_inner().status(), ServingStatus::Serving, "{name}");
    }
    let unknown = HealthCheckRequest { service: "icp.intake.v1.Nothing".to_owned() };
    assert_eq!(health.check(unknown).await.unwrap_err().code(), Code::NotFound);
    // Health is that of `/readyz`: without its broker the service does not serve.
    app.nats.stop().await.unwrap();
    wait_until("health to tell that the broker is gone", Duration::from_secs(30), || async {
        let check = HealthCheckRequest { service: "icp.intake.v1.Orders".to_owned() };
        match health.clone().check(check).await {
            Ok(answer) if answer.get_ref().status() == ServingStatus::NotServing => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap();
}
