//! Every operation against the sandbox's bureau, each message and file twice.

use icp_proto::relay;

use crate::sandbox::{Platform, filing, service};

/// The filing as an order of this operation.
fn order(operation: &str, filing: &relay::RelayFiling) -> relay::RelayFiling {
    let mut order = relay::RelayFiling { operation: operation.into(), ..filing.clone() };
    if operation.starts_with("deregister") || operation.starts_with("cancel") {
        order.cancellation = Some(relay::Cancellation { reason: 1, note: "不再经营".into() });
    }
    order
}

fn organiser(filing: &mut relay::RelayFiling) -> &mut relay::RelayOrganiser {
    filing.organiser.as_mut().unwrap()
}

/// What both versions have in common, on the record of one organiser with two websites.
async fn life_of_a_record(interface: &str) {
    let platform = Platform::start(interface).await;
    let mut record = filing(1);
    let filed = platform.carry(record.clone()).await.approved();
    let number = filed.organiser_number.clone();
    assert_eq!(filed.service_numbers, [format!("{number}-1")]);
    assert_eq!(platform.slips_of("example1.cn").await, [1]);
    assert!(filed.organiser_id > 0 && filed.service_ids[0] > 0 && filed.access_ids[0] > 0, "{filed:?}");
    organiser(&mut record).number = number.clone();
    record.services[0].number = format!("{number}-1");
    assert_eq!((platform.messages("13800000001").await, platform.messages("13900000001").await), (1, 1));

    // A second website.
    let mut second = order("add_service", &record);
    second.services = vec![service("第二网站", "second.cn", 2)];
    let added = platform.carry(second.clone()).await.approved();
    assert_eq!((added.organiser_number.as_str(), added.organiser_id), (number.as_str(), filed.organiser_id));
    assert_eq!(added.service_numbers, [format!("{number}-2")]);
    assert_ne!(added.access_ids, filed.access_ids);

    // A change of the access tells nothing but the services it is about.
    record.services[0].addresses = vec![relay::IpRange { first: 3_221_225_990, last: 3_221_225_991 }];
    let changed = platform.carry(order("change_access", &record)).await.approved();
    assert_eq!((&changed.service_ids, &changed.access_ids), (&filed.service_ids, &filed.access_ids));
    assert_eq!(platform.messages("13900000001").await, 2);

    record.services[0].name = "改名网站".into();
    platform.carry(order("change_service", &record)).await.approved();
    assert_eq!((platform.messages("13800000001").await, platform.messages("13900000001").await), (2, 3));
    organiser(&mut record).name = "改名有限公司".into();
    let changed = platform.carry(order("change_organiser", &record)).await.approved();
    assert_eq!((changed.organiser_number.as_str(), changed.organiser_id), (number.as_str(), filed.organiser_id));
    organiser(&mut record).address_detail = "示例路9号".into();
    record.services[0].remark = "备注".into();
    platform.carry(order("change_filing", &record)).await.approved();

    // The last access cannot be cancelled; a service can be deregistered, once.
    assert_eq!(platform.carry(order("cancel_access", &record)).await.codes(), [1025]);
    second.services[0].number = format!("{number}-2");
    let gone = platform.carry(order("deregister_service", &second)).await.approved();
    assert_eq!((gone.service_numbers, gone.service_ids), (vec![format!("{number}-2")], added.service_ids));
    let again = platform.carry(order("deregister_service", &second)).await.codes();
    assert_eq!(again, [1016], "the relay has forgotten its id");

    let mut whole = order("deregister_organiser", &record);
    whole.services.clear();
    let gone = platform.carry(whole.clone()).await.approved();
    assert_eq!((gone.organiser_number, gone.organiser_id), (number, filed.organiser_id));
    assert_eq!(platform.carry(whole).await.codes(), [1016]);
    // Added and deregistered, each once; V5.0's change of the organiser is about all its services.
    let expected = if interface == "V5.0" { 3 } else { 2 };
    assert_eq!(platform.records_of("second.cn").await, expected);
}

#[tokio::test]
async fn the_life_of_a_record_in_v3() {
    life_of_a_record("V3.0").await;
}

#[tokio::test]
async fn the_life_of_a_record_in_v5() {
    life_of_a_record("V5.0").await;
}

/// People write Sichuan's numbers with 川; its bureau writes 蜀, and so does everything that is sent to it.
async fn numbers_as_people_write_them(interface: &str) {
    let platform = Platform::start(interface).await;
    let mut record = filing(1);
    let place = organiser(&mut record);
    (place.province_code, place.city_code, place.county_code) = (510_000, 510_100, 0);
    let filed = platform.carry(record.clone()).await.approved();
    let number = filed.organiser_number.clone();
    assert!(number.starts_with("蜀ICP备"), "{number}");
    let written = number.replace("蜀ICP备", "川 icp备");
    organiser(&mut record).number.clone_from(&written);
    record.services[0].number = format!("{written}－1");
    record.services[0].name = "改名网站".into();
    let changed = platform.carry(order("change_service", &record)).await.approved();
    assert_eq!((&changed.service_ids, &changed.access_ids), (&filed.service_ids, &filed.access_ids));
    assert_eq!((&changed.organiser_number, &changed.service_numbers), (&number, &filed.service_numbers));
    let mut whole = order("deregister_organiser", &record);
    whole.services.clear();
    let gone = platform.carry(whole).await.approved();
    assert_eq!((gone.organiser_number, gone.organiser_id), (number, filed.organiser_id));
}

#[tokio::test]
async fn numbers_as_people_write_them_in_v3() {
    numbers_as_people_write_them("V3.0").await;
}

#[tokio::test]
async fn numbers_as_people_write_them_in_v5() {
    numbers_as_people_write_them("V5.0").await;
}

/// An access to two websites of another provider, and its end.
async fn access_to_the_records_of_another_provider(interface: &str) {
    let platform = Platform::start(interface).await;
    let (number, services) = platform.seed(9, 2).await;
    let mut record = filing(9);
    organiser(&mut record).number = number.clone();
    record.services = vec![service("他处网站0", "seed9-0.cn", 3), service("他处网站1", "seed9-1.cn", 3)];
    for (service, number) in record.services.iter_mut().zip(&services) {
        service.number.clone_from(number);
    }
    // Nothing is known of it before.
    let unknown = platform.carry(order("cancel_access", &record)).await;
    assert_eq!(unknown.codes(), [1016, 1016]);
    let added = platform.carry(order("add_access", &record)).await.approved();
    assert_eq!((&added.organiser_number, &added.service_numbers), (&number, &services));
    assert!(added.access_ids[0] > 0 && added.access_ids[0] != added.access_ids[1], "{added:?}");
    assert_eq!(platform.messages("13900000001").await, 0, "only the services' persons are asked");
    assert_eq!(platform.carry(order("add_access", &record)).await.codes(), [1029]);

    let mut one = order("cancel_access", &record);
    one.services.truncate(1);
    let cancelled = platform.carry(one).await.approved();
    assert_eq!((&cancelled.service_numbers[..], &cancelled.access_ids[..]), (&services[..1], &added.access_ids[..1]));
    // The number is still the organiser's; the access can be added anew.
    let mut one = order("add_access", &record);
    one.services.truncate(1);
    let again = platform.carry(one).await.approved();
    assert!(!added.access_ids.contains(&again.access_ids[0]), "{again:?}");
}

#[tokio::test]
async fn access_to_the_records_of_another_provider_in_v3() {
    access_to_the_records_of_another_provider("V3.0").await;
}

#[tokio::test]
async fn access_to_the_records_of_another_provider_in_v5() {
    access_to_the_records_of_another_provider("V5.0").await;
}

#[tokio::test]
async fn apps_mini_programs_moves_and_migrations_need_v5() {
    let platform = Platform::start("V5.0").await;
    let mut record = filing(4);
    let mut app = service("示例应用", "unused.cn", 5);
    app.kind = "app".into();
    app.domains.clear();
    app.home_url.clear();
    app.app_platforms = vec![relay::AppPlatform {
        platform: "harmony_os".into(),
        package: "cn.example.shop".into(),
        public_key: "00AF".into(),
        certificate_fingerprint: "0123456789abcdef0123456789abcdef".into(),
        domains: vec!["api.example4.cn".into()],
        sdk_providers: vec![],
    }];
    let mut mini = service("示例小程序", "unused.cn", 6);
    mini.kind = "mini_program".into();
    mini.domains.clear();
    mini.home_url.clear();
    mini.mini_program_platforms = vec![10001];
    record.services.extend([app, mini]);
    let filed = platform.carry(record.clone()).await.approved();
    let number = filed.organiser_number.clone();
    let suffixes: Vec<_> = filed.service_numbers.iter().map(|it| it.strip_prefix(&number).unwrap()).collect();
    assert_eq!(suffixes, ["-1", "-2A", "-3X"]);
    assert!(filed.access_ids[1] > 0 && filed.access_ids[2] == 0, "a mini-program has no access: {filed:?}");

    // Another platform for the mini-program.
    let mut platforms = order("add_access", &record);
    organiser(&mut platforms).number = number.clone();
    platforms.services = vec![record.services[2].clone()];
    platforms.services[0].number.clone_from(&filed.service_numbers[2]);
    platforms.services[0].mini_program_platforms = vec![10002];
    let added = platform.carry(platforms).await.approved();
    assert_eq!(added.service_numbers, filed.service_numbers[2..]);

    // The organiser moves to another province: a new number, the same ids.
    let mut moved = order("change_organiser", &record);
    for (service, number) in moved.services.iter_mut().zip(&filed.service_numbers) {
        service.number.clone_from(number);
    }
    let place = organiser(&mut moved);
    (place.province_code, place.city_code, place.county_code) = (440_000, 440_100, 0);
    place.number = number.clone();
    let moved = platform.carry(moved).await.approved();
    assert!(moved.organiser_number.starts_with('粤'), "{moved:?}");
    assert_eq!(moved.organiser_id, filed.organiser_id);
    let numbers = ["-1", "-2A", "-3X"].map(|suffix| format!("{}{suffix}", moved.organiser_number));
    assert_eq!(moved.service_numbers, numbers);

    // The website goes to another organiser.
    let other = platform.carry(filing(7)).await.approved();
    let mut migration = order("migrate_service", &record);
    organiser(&mut migration).number = other.organiser_number.clone();
    migration.services.truncate(1);
    migration.services[0].number = format!("{}-1", moved.organiser_number);
    let migrated = platform.carry(migration).await.approved();
    assert_eq!(migrated.organiser_number, other.organiser_number);
    assert_eq!(migrated.service_numbers, [format!("{}-2", other.organiser_number)]);
    assert_eq!(migrated.service_ids, filed.service_ids[..1]);
}

#[tokio::test]
async fn what_v3_does_not_carry_is_refused_with_the_way_out() {
    let platform = Platform::start("V3.0").await;
    let mut record = filing(1);
    let filed = platform.carry(record.clone()).await.approved();
    organiser(&mut record).number = filed.organiser_number.clone();
    record.services[0].number = filed.service_numbers[0].clone();
    assert_eq!(platform.carry(order("migrate_service", &record)).await.codes(), [5011]);
    let mut app = order("add_service", &record);
    app.services[0].kind = "app".into();
    assert_eq!(platform.carry(app).await.codes(), [5011]);
    let mut bare = order("change_organiser", &record);
    bare.services.clear();
    assert_eq!(platform.carry(bare).await.codes(), [5001]);
    let mut moved = order("change_filing", &record);
    (organiser(&mut moved).province_code, organiser(&mut moved).city_code) = (440_000, 440_100);
    organiser(&mut moved).county_code = 0;
    assert_eq!(platform.carry(moved).await.codes(), [1046], "the bureau's own code");
    assert_eq!(platform.records_of("example1.cn").await, 2, "what is refused here is never sent");
}

#[tokio::test]
async fn one_order_about_a_record_at_a_time() {
    let platform = Platform::start("V3.0").await;
    let mut record = filing(1);
    let filed = platform.carry(record.clone()).await.approved();
    organiser(&mut record).number = filed.organiser_number.clone();
    record.services[0].number = filed.service_numbers[0].clone();
    platform.post("/people", &serde_json::json!({"mobile": "*", "answers": false})).await;
    organiser(&mut record).name = "改名有限公司".into();
    let open = order("change_filing", &record);
    let order_id = uuid::Uuid::now_v7();
    let task = platform
        .world
        .task(order_id, 1, |message| {
            let materials = std::mem::take(&mut message.materials);
            *message = relay::RelayFiling { materials, ..open };
        })
        .await;
    platform.world.publish(uuid::Uuid::now_v7(), &task).await;
    icp_testkit::wait_until("the change to reach the bureau", crate::world::BOUND, || async {
        let taken = platform.records_of("example1.cn").await;
        if taken == 2 { Ok(()) } else { Err(format!("{taken} records")) }
    })
    .await
    .unwrap();
    assert_eq!(platform.carry(order("change_service", &record)).await.codes(), [1003]);
    // The silent persons answer: the first order goes on as if nothing had been.
    platform.post("/people", &serde_json::json!({"mobile": "13800000001", "answers": true})).await;
    let events = platform.world.wait_for_ends(3).await;
    let approved = crate::world::approved_of(&events);
    assert!(approved.iter().any(|it| it.order_id == order_id.to_string()), "{events:?}");
}
