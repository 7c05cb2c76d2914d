//! Registers that are away, late, or talk nonsense.

use std::time::Duration;

use icp_domain::Province;
use icp_proto::authority::Lookup;
use icp_proto::common::Severity;
use icp_testkit::filings;
use uuid::Uuid;

use crate::registers::Fault;
use crate::world::{World, subject};

const LATE: Fault = Fault::Late(Duration::from_secs(10));

#[tokio::test]
async fn a_register_that_comes_back_is_asked_again_and_only_it() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 1);
    world.registers.know(&filing);
    world.registers.fail("domain", [Fault::Status(503), LATE, Fault::Nonsense]);
    let order_id = Uuid::now_v7();
    assert_eq!(world.findings(&filing, order_id, 1).await, Vec::<String>::new());
    assert_eq!(world.registers.asked(), [1, 2, 4], "answers that were given are kept between the attempts");
    assert_eq!(world.journal(order_id).await, ["registers agree: enterprise, 2 citizens, 1 domain"]);
    assert_eq!(world.events_about(order_id).len(), 1);
    world.assert_settled().await;
}

#[tokio::test]
async fn a_register_that_stays_silent_hands_the_order_to_the_reviewer() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 1);
    world.registers.know(&filing);
    // The organiser's principal and the service's are asked for side by side, four attempts each.
    world.registers.fail("citizen", [Fault::Status(401); 8]);
    let order_id = Uuid::now_v7();
    world.ask(order_id, 1, &filing).await;
    let answer = world.answer(order_id, 1).await;
    let results: Vec<_> = answer.answers.iter().map(|one| (one.authority.as_str(), one.result.as_str())).collect();
    let [enterprise, silent, domain] = [("enterprise", "match"), ("citizen", "unavailable"), ("domain", "match")];
    assert_eq!(results, [enterprise, enterprise, enterprise, enterprise, silent, silent, domain]);
    assert_eq!(answer.findings.len(), 2);
    for finding in &answer.findings {
        assert_eq!((finding.code.as_str(), finding.severity()), ("V01", Severity::Review));
        assert_eq!(finding.message_en, "the register of citizens did not answer");
    }
    assert_eq!(world.registers.asked(), [1, 8, 1]);

    // The register is back: another submission asks it, because silence is not kept.
    assert_eq!(world.findings(&filing, order_id, 2).await, Vec::<String>::new());
    world.assert_settled().await;
}

#[tokio::test]
async fn a_subject_that_cannot_be_opened_goes_to_the_reviewer_too() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 1);
    let order_id = Uuid::now_v7();
    // Sealed for another order: moved on the way.
    let sealed = world.intake.keyring.seal("authority", &Uuid::now_v7().to_string(), &subject(&filing)).unwrap();
    let task = Lookup { order_id: order_id.to_string(), attempt: 1, province: "zj".to_owned(), subject: Some(sealed) };
    world.send(&[task]).await;
    let answer = world.answer(order_id, 1).await;
    assert!(answer.answers.is_empty());
    assert_eq!((answer.findings.len(), answer.findings[0].severity()), (1, Severity::Review));
    assert_eq!(world.registers.asked(), [0, 0, 0]);
    assert_eq!(world.count("select count(*) from jobs where failed").await, 1, "an operator sees it");
    assert_eq!(world.count("select count(*) from lookups where outcome = 'review'").await, 1);
}
