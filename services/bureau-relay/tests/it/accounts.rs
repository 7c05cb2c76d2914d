//! Two accounts in one process: each province's orders go through the account that names it, in its version.

use icp_proto::relay;
use icp_sandbox::Config;
use icp_testkit::wait_until;
use uuid::Uuid;

use crate::fake_bureau::{FakeBureau, ISP_ID, IV, KEY};
use crate::sandbox::filing;
use crate::world::{BOUND, Event, World};

const PASSWORD: &str = "sandbox";
/// The account of Guangdong.
const OTHER_ISP_ID: i64 = 440_000_000_001;

/// The codes with which the order was rejected; none when it was approved.
async fn carry(world: &World, province: &str, filing: relay::RelayFiling) -> Vec<u32> {
    let order_id = Uuid::now_v7();
    let mut task = world.task(order_id, 1, |message| *message = filing).await;
    province.clone_into(&mut task.province);
    world.publish(Uuid::now_v7(), &task).await;
    let order_id = order_id.to_string();
    wait_until("the order's end", BOUND, || async {
        let ends = world.events().await.into_iter().find_map(|event| match event {
            Event::Approved(it) if it.order_id == order_id => Some(Vec::new()),
            Event::Rejected(it) if it.order_id == order_id => Some(it.results.iter().map(|it| it.code).collect()),
            _ => None,
        });
        ends.ok_or_else(|| "no end".to_owned())
    })
    .await
    .unwrap()
}

/// An APP instead of the website.
fn app(n: u32) -> relay::RelayFiling {
    let mut filing = filing(n);
    let service = &mut filing.services[0];
    service.kind = "app".into();
    service.domains.clear();
    service.home_url.clear();
    service.app_platforms = vec![relay::AppPlatform {
        platform: "android".into(),
        package: "cn.example.shop".into(),
        public_key: "00af".into(),
        certificate_fingerprint: "0a".repeat(16),
        ..Default::default()
    }];
    filing
}

#[tokio::test]
async fn orders_of_a_province_go_through_its_own_account() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let account = |province: &str, isp_id: i64, interface: &str| {
        format!("{province}:{isp_id}:u:{PASSWORD}:{KEY}:{IV}:{interface}").parse().unwrap()
    };
    let sandbox = icp_sandbox::start(Config {
        accounts: vec![account("gd", OTHER_ISP_ID, "V3.0"), account("zj", ISP_ID, "V5.0")],
        bureau_check_ms: 0,
        sms_answer_ms: 0,
        bureau_review_ms: 0,
        ..Config::default()
    })
    .await
    .unwrap();
    let endpoint = format!("http://{}", sandbox.http);
    let lines = format!(
        "endpoint = {endpoint:?}\nisp_id = {OTHER_ISP_ID}\nuser_name = \"u\"\n\
         [relay.accounts.zj]\nprovinces = [\"zj\"]\ninterface = \"V5.0\"\nendpoint = {endpoint:?}\n\
         isp_id = {ISP_ID}\nuser_name = \"u\"\npassword = {PASSWORD:?}\ncontent_key = {KEY:?}\ncontent_iv = {IV:?}\n"
    );
    let world = World::with_account(FakeBureau::start().await, PASSWORD, &lines).await;

    assert_eq!(carry(&world, "zj", app(1)).await, [0; 0]);
    assert_eq!(carry(&world, "gd", app(2)).await, [5011], "V3.0 knows websites only");
    assert_eq!(carry(&world, "gd", filing(3)).await, [0; 0]);
    assert_eq!(carry(&world, "sh", filing(4)).await, [0; 0], "what no account names goes through the main one");
    let query = relay::StatusCondition { domain: "example3.cn".into(), certificate: None };
    assert!(world.wait_for_answer(&world.ask(query).await).await.is_filed);

    let counters: Vec<(String, Option<i64>)> =
        sqlx::query_as("select name, last_accepted from accounts order by name").fetch_all(&world.pool).await.unwrap();
    assert_eq!(counters, [("main".to_owned(), Some(2)), ("zj".to_owned(), Some(1))]);
}
