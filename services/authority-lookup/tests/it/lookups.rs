//! What the registers say about an order, and which answers are used again.

use icp_domain::Province;
use icp_testkit::filings;
use serde_json::json;
use uuid::Uuid;

use crate::world::{World, assert_absent};

#[tokio::test]
async fn registers_that_agree_leave_no_clear_personal_data() {
    let world = World::start().await;
    let filings = [filings::company_filing(Province::Guangdong, 1), filings::person_filing(Province::Zhejiang, 2)];
    let mut lines = Vec::new();
    for filing in &filings {
        world.registers.know(filing);
        let order_id = Uuid::now_v7();
        world.ask(order_id, 1, filing).await;
        let answer = world.answer(order_id, 1).await;
        assert_eq!(answer.findings, []);
        assert!(answer.answers.iter().all(|one| one.result == "match" && !one.reference.is_empty()));
        lines.extend(world.journal(order_id).await);
    }
    assert_eq!(lines, ["registers agree: enterprise, 2 citizens, 1 domain", "registers agree: 1 citizen, 1 domain"]);
    assert_eq!(world.registers.asked(), [1, 3, 2], "each once");
    let keys = world.registers.keys();
    assert_eq!(keys.len(), 6);
    assert!(keys.contains(&"Bearer key-of-citizen".to_owned()));

    let dump = icp_testkit::shared().await.unwrap().postgres.dump(&world.database.name).await.unwrap();
    assert!(dump.contains("registers agree") && dump.contains("CIT-1"));
    for filing in &filings {
        for person in [&filing.organiser.principal, &filing.services[0].principal] {
            for personal in [&person.name, &person.id.number, &person.mobile, &person.email] {
                assert_absent(&dump, personal);
            }
        }
        assert_absent(&dump, &filing.organiser.certificate.number);
        assert_absent(&dump, &filing.organiser.name);
    }
    world.assert_settled().await;
}

#[tokio::test]
async fn what_the_register_of_enterprises_says_is_told_to_intake_alone() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Guangdong, 6);
    let number = &filing.organiser.certificate.number;
    let (name, address) = ("示例更名有限公司", "广东省示例市登记路9号");
    world.registers.know(&filing);
    world.registers.change_enterprise(number, "name", json!(name));
    world.registers.change_enterprise(number, "registered_address", json!(address));
    let order_id = Uuid::now_v7();
    let found = world.findings(&filing, order_id, 1).await;
    assert_eq!(found, ["S04 organiser.name", "S04 organiser.certificate.address"]);
    let record = world.record(&world.answer(order_id, 1).await).unwrap();
    let told = (&record.certificate_number, record.name.as_str(), record.address.as_str());
    assert_eq!(told, (number, name, address));

    let unknown = Uuid::now_v7();
    world.findings(&filings::company_filing(Province::Guangdong, 7), unknown, 1).await;
    assert_eq!(world.record(&world.answer(unknown, 1).await), None);
    let person = Uuid::now_v7();
    world.findings(&filings::person_filing(Province::Zhejiang, 8), person, 1).await;
    assert_eq!(world.record(&world.answer(person, 1).await), None);

    let dump = icp_testkit::shared().await.unwrap().postgres.dump(&world.database.name).await.unwrap();
    assert!(dump.contains("icp.evt.authority.v1.answered"));
    for personal in [number, name, address] {
        assert_absent(&dump, personal);
    }
    world.assert_settled().await;
}

#[tokio::test]
async fn what_the_registers_do_not_know_blocks() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 3);
    let order_id = Uuid::now_v7();
    assert_eq!(
        world.findings(&filing, order_id, 1).await,
        [
            "S04 organiser.certificate.number",
            "V01 organiser.principal.id.number",
            "V01 services[0].principal.id.number",
            "D01 services[0].domains[0]",
        ]
    );
    let results: Vec<String> =
        world.answer(order_id, 1).await.answers.into_iter().map(|answer| answer.result).collect();
    assert_eq!(results, ["not_found"; 4]);
    let line = &world.journal(order_id).await[0];
    assert!(line.starts_with("registers do not agree: the register of enterprises does not know"), "{line}");
    world.assert_settled().await;
}

#[tokio::test]
async fn good_answers_are_used_again_and_bad_ones_are_not() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 4);
    let domain = filing.services[0].domains[0].clone();
    let uscc = filing.organiser.certificate.number.clone();
    world.registers.know(&filing);
    world.registers.change_domain(&domain, "real_name_verified", json!(false));

    let order_id = Uuid::now_v7();
    assert_eq!(world.findings(&filing, order_id, 1).await, ["D01 services[0].domains[0]"]);
    assert_eq!(world.registers.asked(), [1, 2, 1]);

    // The applicant mended it: the old answer does not stand in the way.
    world.registers.change_domain(&domain, "real_name_verified", json!(true));
    assert_eq!(world.findings(&filing, order_id, 2).await, Vec::<String>::new());
    assert_eq!(world.registers.asked(), [2, 2, 2], "the enterprise register is asked every time");

    // A good answer is used again, also for another order; a company's state is asked anew.
    world.registers.change_domain(&domain, "real_name_verified", json!(false));
    world.registers.change_enterprise(&uscc, "status", json!("revoked"));
    let other = Uuid::now_v7();
    assert_eq!(world.findings(&filing, other, 1).await, ["S04 organiser.certificate.number"]);
    assert_eq!(world.registers.asked(), [3, 2, 2]);

    // But never for an order to whose form it does not fit.
    let mut renamed = filing.clone();
    renamed.organiser.name = "示例别家有限公司".to_owned();
    world.registers.change_enterprise(&uscc, "status", json!("active"));
    let found = world.findings(&renamed, Uuid::now_v7(), 1).await;
    assert_eq!(found, ["S04 organiser.name", "D01 services[0].domains[0]", "D02 services[0].domains[0]"]);
    assert_eq!(world.registers.asked(), [4, 2, 3]);
    assert_eq!(world.count("select count(*) from answers").await, 4, "one row for each question");
    world.assert_settled().await;
}

#[tokio::test]
async fn without_freshness_everything_is_asked_every_time() {
    let world = World::start_with("citizen_fresh_hours = 0\ndomain_fresh_hours = 0").await;
    let filing = filings::person_filing(Province::Zhejiang, 5);
    world.registers.know(&filing);
    for round in 1..=2 {
        assert_eq!(world.findings(&filing, Uuid::now_v7(), 1).await, Vec::<String>::new());
        assert_eq!(world.registers.asked(), [0, round, round]);
    }
    world.assert_settled().await;
}
