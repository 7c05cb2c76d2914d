//! What a submission is told.

use icp_domain::{MaterialKind, Province};
use icp_testkit::{filings, specimen};
use uuid::Uuid;

use crate::world::{World, assert_absent};

/// Checks that name an evidence, and those whose evidence is not there.
const PROVEN_CHECKS: &str = "select count(*) from verifications, jsonb_array_elements(checks) as made
    where (made->>'evidence')::uuid in (select id from evidence)";
const UNPROVEN_CHECKS: &str = "select count(*) from verifications, jsonb_array_elements(checks) as made
    where (made->>'evidence')::uuid not in (select id from evidence)";

#[tokio::test]
async fn honest_orders_pass_and_leave_no_clear_personal_data() {
    let world = World::start().await;
    let filings = [filings::company_filing(Province::Guangdong, 1), filings::person_filing(Province::Zhejiang, 2)];
    for filing in &filings {
        let order_id = Uuid::now_v7();
        let materials = world.store(order_id, filing).await;
        let pictures = materials.len();
        world.ask(order_id, 1, filing, materials).await;
        let answer = world.answer(order_id, 1).await;
        assert_eq!(answer.findings, []);
        assert!(answer.checks.iter().all(|check| check.passed));
        let faces = answer.checks.iter().filter(|check| check.name == "face_against_document").count();
        let readable = answer.checks.iter().filter(|check| check.name == "readable").count();
        assert_eq!((faces, readable), (1, pictures));
        let line = format!("documents verified: {} checks passed", answer.checks.len());
        assert_eq!(world.journal(order_id).await, [line]);
    }
    // Each picture and each face comparison has its evidence, and checks refer to it.
    assert_eq!(world.count("select count(*) from evidence").await, 5 + 4 + 2);
    assert_eq!(world.count(UNPROVEN_CHECKS).await, 0);
    assert!(world.count(PROVEN_CHECKS).await > 5 + 4 + 2);
    let dump = icp_testkit::shared().await.unwrap().postgres.dump(&world.database.name).await.unwrap();
    assert!(dump.contains("documents verified"));
    for filing in &filings {
        for person in [&filing.organiser.principal, &filing.services[0].principal] {
            for personal in [&person.name, &person.id.number, &person.mobile, &person.email] {
                assert_absent(&dump, personal);
            }
        }
        assert_absent(&dump, &filing.organiser.certificate.number);
    }
    world.assert_settled().await;
}

#[tokio::test]
async fn another_persons_documents_are_found_out() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 3);
    let other = filings::company_filing(Province::Zhejiang, 4);
    let order_id = Uuid::now_v7();
    let mut materials = world.store(order_id, &filing).await;
    let foreign = specimen::picture(MaterialKind::ServicePrincipalId, &other);
    materials[2] = world.store_one(order_id, MaterialKind::ServicePrincipalId, &foreign).await;
    let findings = world.findings(&filing, order_id, materials).await;
    assert_eq!(
        findings,
        ["S01 services[0].principal.id.number", "S01 services[0].principal.name", "V01 services[0].principal",]
    );
    assert_eq!(
        world.journal(order_id).await,
        ["documents not accepted: document differs from the form: services[0].principal.id.number; \
          document differs from the form: services[0].principal.name; \
          face differs from the document: services[0].principal"]
    );
    world.assert_settled().await;
}

#[tokio::test]
async fn pictures_that_are_missing_unreadable_or_changed_are_told_apart() {
    let world = World::start().await;
    let filing = filings::company_filing(Province::Zhejiang, 5);

    let order_id = Uuid::now_v7();
    let mut materials = world.store(order_id, &filing).await;
    materials.remove(0);
    assert_eq!(world.findings(&filing, order_id, materials).await, ["S01 organiser.certificate"]);

    // A comment marked otherwise is no specimen: the first mark is the order's, the second the plain form's.
    let order_id = Uuid::now_v7();
    let mut materials = world.store(order_id, &filing).await;
    let mut blurred = specimen::picture(MaterialKind::ServicePrincipalFace, &filing);
    let mark = specimen::SPECIMEN_MARK.as_bytes();
    while let Some(place) = blurred.windows(mark.len()).position(|window| window == mark) {
        blurred[place] = b'X';
    }
    materials[3] = world.store_one(order_id, MaterialKind::ServicePrincipalFace, &blurred).await;
    assert_eq!(world.findings(&filing, order_id, materials).await, ["V03 services[0].principal"]);

    let order_id = Uuid::now_v7();
    let materials = world.store(order_id, &filing).await;
    let object = world.materials_root.join(&materials[1].object);
    let mut stored = std::fs::read(&object).unwrap();
    stored[100] ^= 1;
    std::fs::write(&object, stored).unwrap();
    assert_eq!(world.findings(&filing, order_id, materials).await, ["S01 organiser.principal.id"]);

    let order_id = Uuid::now_v7();
    let mut materials = world.store(order_id, &filing).await;
    materials[1].sha256 = vec![0; 32];
    assert_eq!(world.findings(&filing, order_id, materials).await, ["S01 organiser.principal.id"]);

    let order_id = Uuid::now_v7();
    let mut materials = world.store(order_id, &filing).await;
    materials[0] = world.store_one(order_id, MaterialKind::OrganiserCertificate, b"%PDF-1.7").await;
    assert_eq!(world.findings(&filing, order_id, materials).await, ["S01 organiser.certificate"]);
    world.assert_settled().await;
}
