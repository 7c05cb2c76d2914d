//! Records that the bureau sends again, or that no order waits for, are told to intake, sealed; what it takes off, too.

use icp_testkit::wait_until;
use serde_json::json;

use crate::fake_bureau::ISP_ID;
use crate::sandbox::{Platform, filing};
use crate::world::{BOUND, Event, MARK, World};

#[tokio::test]
async fn a_record_that_is_sent_again_is_told_with_its_services_here() {
    let world = World::start().await;
    let service = |ordinal: u32, provider: i64| {
        format!(
            "<Wz_xx><Wzid>{}</Wzid><Wzmc>{MARK}-{ordinal}</Wzmc><Ym_xx><Ym>resent{ordinal}.cn</Ym></Ym_xx>\
             <Jr_xx><Jrid>{}</Jrid><Ispid>{provider}</Ispid><Ip_xx><Qsip>1</Qsip><Zzip>2</Zzip></Ip_xx></Jr_xx>\
             <Baxh>浙ICP备20000001号-{ordinal}</Baxh></Wz_xx>",
            910_000 + ordinal,
            930_000 + ordinal
        )
    };
    let record = |number: &str| {
        format!(
            "<Baxx><Zt_xx><Ztid>900001</Ztid><Dwmc>{MARK}</Dwmc><Dwxz>4</Dwxz>\
             <Zj><Zjlx>1</Zjlx><Zjhm>{MARK}-NUMBER</Zjhm></Zj><Baxh>{number}</Baxh></Zt_xx>{}{}</Baxx>",
            service(1, ISP_ID),
            service(2, ISP_ID + 1)
        )
    };
    world.bureau.with(|b| {
        let records = record("浙ICP备20000001号") + &record("不是备案号");
        b.hand_out_data(&format!("<SJTB><ICP><BASJ>{records}</BASJ></ICP></SJTB>"));
    });
    let recorded = wait_until("the record to be told", BOUND, || async {
        let told = world.events().await.into_iter().find_map(|event| match event {
            Event::Recorded(recorded) => Some(recorded),
            _ => None,
        });
        told.ok_or_else(|| "nothing was told".to_owned())
    })
    .await
    .unwrap();
    assert_eq!(world.events().await.len(), 1, "what has no number of a province is not told");
    assert_eq!(recorded.province, "zj");
    let told = world.record_of(&recorded);
    assert_eq!((told.number.as_str(), told.id, told.nature), ("浙ICP备20000001号", 900_001, 4));
    assert_eq!((told.name, told.certificate.unwrap().number), (MARK.to_owned(), format!("{MARK}-NUMBER")));
    assert_eq!(told.services.len(), 1, "the other one is connected by somebody else");
    let service = &told.services[0];
    assert_eq!((service.number.as_str(), service.id), ("浙ICP备20000001号-1", 910_001));
    assert_eq!(
        (service.domains[0].as_str(), service.addresses[0].first, service.addresses[0].last),
        ("resent1.cn", 1, 2)
    );
    let dump = world.dump().await;
    let hexadecimal: String = MARK.bytes().map(|b| format!("{b:02x}")).collect();
    assert!(!dump.contains(MARK) && !dump.contains(&hexadecimal));
    let known: i64 = sqlx::query_scalar("select count(*) from bureau_records where kind = 'service'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(known, 2, "the ids are learnt as from any filed data");
}

async fn a_correction_of_the_bureau_reaches_intake(interface: &str, sent_as: &str) {
    let platform = Platform::start(interface).await;
    let filed = platform.carry(filing(1)).await.approved();
    let (organiser, service) = (filed.organiser_number, filed.service_numbers[0].clone());
    let told_before = |event: &Event| matches!(event, Event::Recorded(_));
    assert!(!platform.world.events().await.iter().any(told_before), "the order itself awaited its filed data");
    let names =
        json!({"organiser_name": "更名有限公司", "service_names": {service.clone(): "更正的名称"}, "sent_as": sent_as});
    platform.post(&format!("/bureau/records/{organiser}/correction"), &names).await;
    let recorded = wait_until("the corrected record to be told", BOUND, || async {
        let told = platform.world.events().await.into_iter().find_map(|event| match event {
            Event::Recorded(recorded) => Some(recorded),
            _ => None,
        });
        told.ok_or_else(|| "nothing was told".to_owned())
    })
    .await
    .unwrap();
    let told = platform.world.record_of(&recorded);
    assert_eq!((told.number, told.id, told.name.as_str()), (organiser, filed.organiser_id, "更名有限公司"));
    let declared = filing(1);
    assert_eq!(told.certificate.unwrap().number, declared.organiser.unwrap().certificate.unwrap().number);
    assert_eq!((told.services[0].number.as_str(), told.services[0].name.as_str()), (service.as_str(), "更正的名称"));
    assert_eq!(told.services[0].domains, declared.services[0].domains);
    assert_eq!(told.services[0].addresses, declared.services[0].addresses);
    assert_eq!(told.is_whole, sent_as == "SJTB");
}

#[tokio::test]
async fn a_correction_that_the_bureau_sends_again_reaches_intake_in_v3() {
    a_correction_of_the_bureau_reaches_intake("V3.0", "SJTB").await;
}

#[tokio::test]
async fn a_correction_that_the_bureau_sends_again_reaches_intake_in_v5() {
    a_correction_of_the_bureau_reaches_intake("V5.0", "SJTB").await;
}

#[tokio::test]
async fn filed_data_that_no_order_waits_for_reaches_intake() {
    a_correction_of_the_bureau_reaches_intake("V3.0", "BASJ").await;
}

#[tokio::test]
async fn what_the_bureau_takes_off_is_told_once_by_its_number() {
    let world = World::start().await;
    let organiser = |id: i64, number: &str, services: &str| {
        format!(
            "<Baxx><Zt_xx><Ztid>{id}</Ztid><Dwmc>{MARK}</Dwmc><Dwxz>4</Dwxz>\
             <Zj><Zjlx>1</Zjlx><Zjhm>{MARK}-NUMBER</Zjhm></Zj><Baxh>{number}</Baxh></Zt_xx>{services}</Baxx>"
        )
    };
    let service = |id: i64, access: i64, provider: i64, number: &str| {
        format!(
            "<Wz_xx><Wzid>{id}</Wzid><Wzmc>{MARK}</Wzmc><Ym_xx><Ym>removed{id}.cn</Ym></Ym_xx>\
             <Jr_xx><Jrid>{access}</Jrid><Ispid>{provider}</Ispid></Jr_xx><Baxh>{number}</Baxh></Wz_xx>"
        )
    };
    let services = service(910_001, 930_001, ISP_ID, "浙ICP备20000001号-1")
        + &service(910_002, 930_002, ISP_ID + 1, "浙ICP备20000001号-2")
        + &service(910_003, 930_003, ISP_ID, "浙ICP备20000001号-3");
    // An id that stands for two records.
    let ambiguous = organiser(77, "浙ICP备20000002号", &service(77, 930_004, ISP_ID, "浙ICP备20000002号-1"));
    let records = organiser(900_001, "浙ICP备20000001号", &services) + &ambiguous;
    let removals =
        [(2, 930_001), (2, 930_002), (1, 910_003), (1, 910_003), (0, 900_001), (2, 930_003), (0, 4_711), (1, 77)];
    world.bureau.with(|b| {
        b.hand_out(&format!("<BASJ>{records}</BASJ>"));
        for (kind, id) in removals {
            b.hand_out(&format!("<ZXSJ><Zx_xx><Zxlb>{kind}</Zxlb><Jlid>{id}</Jlid><Bz>x</Bz></Zx_xx></ZXSJ>"));
        }
    });
    wait_until("every file to be taken", BOUND, || async {
        let count = world.bureau.with(|b| b.acknowledged.len());
        if count == 1 + removals.len() { Ok(()) } else { Err(format!("{count} acknowledged")) }
    })
    .await
    .unwrap();
    let told: Vec<(String, String, i64)> = world
        .events()
        .await
        .into_iter()
        .filter_map(|event| match event {
            Event::Removed(removed) => {
                assert_eq!(removed.province, "zj");
                Some((removed.kind, removed.number, removed.bureau_id))
            }
            _ => None,
        })
        .collect();
    let expected = [
        ("access", "浙ICP备20000001号-1", 930_001),
        ("service", "浙ICP备20000001号-3", 910_003),
        ("organiser", "浙ICP备20000001号", 900_001),
        ("service", "浙ICP备20000002号-1", 77),
    ];
    assert_eq!(told, expected.map(|(kind, number, id)| (kind.to_owned(), number.to_owned(), id)));
    let left: Vec<i64> =
        sqlx::query_scalar("select bureau_id from bureau_records").fetch_all(&world.pool).await.unwrap();
    assert_eq!(left, [77], "the other organiser is on record still");
}
