//! What does not fit: duplicates in the archive, and differences to what the bureau has.

use std::time::Duration;

use icp_bus::Outgoing;
use icp_domain::{OrderType, Province};
use icp_intake::archive::mismatch::{self, BureauRecord, BureauService};
use icp_intake::content;
use icp_proto::bureau;
use icp_testkit::filings::company_filing;
use icp_testkit::wait_until;
use serde_json::json;
use uuid::Uuid;

use crate::app::{APPLICANT, App, REVIEWER};
use crate::archive::{ORGANISER, OTHER_ORGANISER, day, on_record, outcome, vault};

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_differences_are_listed_until_they_are_mended() {
    let app = App::start().await;
    let first = app.filed(1, ORGANISER).await;
    let second = format!("{OTHER_ORGANISER}-1");
    let same = company_filing(Province::Guangdong, 1);
    app.enter(&[outcome(OrderType::FirstFiling, same, OTHER_ORGANISER, &[&second], 1)]).await;
    let list = async |kind: &str| {
        let answer = app.read(REVIEWER, &format!("/v1/archive/mismatches?kind={kind}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["mismatches"].as_array().unwrap().clone()
    };
    assert_eq!(list("domain").await[0]["numbers"], json!([first, second]));
    assert_eq!(list("certificate").await[0]["numbers"], json!([ORGANISER, OTHER_ORGANISER]));
    let page = app.read(REVIEWER, "/v1/archive/mismatches?limit=1").await;
    assert_eq!(page.body["mismatches"][0]["kind"], "certificate");
    let next = page.body["next_cursor"].as_str().unwrap();
    let page = app.read(REVIEWER, &format!("/v1/archive/mismatches?limit=1&cursor={next}")).await;
    assert_eq!(page.body["mismatches"][0]["kind"], "domain");
    assert_eq!(app.read(APPLICANT, "/v1/archive/mismatches").await.status, 403);
    assert_eq!(app.read(REVIEWER, "/v1/archive/mismatches?kind=x").await.status, 422);

    let mut gone = on_record(1, OTHER_ORGANISER, &second);
    gone.services.clear();
    app.enter(&[outcome(OrderType::DeregisterOrganiser, gone, OTHER_ORGANISER, &[], 2)]).await;
    assert_eq!((list("domain").await.len(), list("certificate").await.len()), (0, 0), "one of the two is gone");

    let filing = company_filing(Province::Guangdong, 1);
    let record = |service: icp_domain::InternetService, number: &str| BureauRecord {
        organiser_number: ORGANISER.to_owned(),
        organiser_id: 0,
        name: filing.organiser.name.clone(),
        nature: filing.organiser.nature,
        certificate_number: filing.organiser.certificate.number.clone(),
        services: vec![BureauService {
            number: number.to_owned(),
            id: 0,
            name: service.name,
            domains: service.domains,
            addresses: service.access.addresses.iter().map(|it| content::ip_range(it).unwrap()).collect(),
        }],
        is_whole: true,
    };
    let compare_all = async |records: &[BureauRecord]| {
        let mut tx = app.pool.begin().await.unwrap();
        let count = mismatch::compare(&mut tx, &vault(), records, day(3)).await.unwrap();
        tx.commit().await.unwrap();
        count
    };
    let compare = async |record: BureauRecord| compare_all(&[record]).await;
    assert_eq!(compare(record(filing.services[0].clone(), &first)).await, 0);
    let mut other = filing.services[0].clone();
    other.domains = vec!["specimen-other.cn".to_owned()];
    let mut with_other_certificate = record(other, &first);
    with_other_certificate.certificate_number = "91440300MA00000000".to_owned();
    assert_eq!(compare(with_other_certificate).await, 2);
    let found = list("difference").await;
    let fields: Vec<&str> = found.iter().map(|mismatch| mismatch["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["organiser.certificate.number", "domains"]);
    assert_eq!(found[0]["at_bureau"], "", "numbers of certificates are not kept");
    assert_eq!(found[1]["at_bureau"], "specimen-other.cn");
    assert_eq!(
        compare(record(filing.services[0].clone(), "粤ICP备2026000001号-8")).await,
        2,
        "one missing on each side"
    );
    let unchanged = || record(filing.services[0].clone(), &first);
    assert_eq!(compare(unchanged()).await, 0);
    assert_eq!(list("difference").await.len(), 0, "mended");

    // Said twice in one batch: what comes last counts.
    let mut renamed = unchanged();
    renamed.services[0].name = "更正的名称".to_owned();
    compare_all(&[renamed.clone(), renamed.clone()]).await;
    assert_eq!(list("difference").await.len(), 1);
    // A record that does not name every service says nothing of the others.
    let of_itself = || BureauRecord { services: Vec::new(), is_whole: false, ..unchanged() };
    assert_eq!(compare(of_itself()).await, 0);
    assert_eq!(list("difference").await.len(), 1, "the service was not spoken of");
    compare(BureauRecord { nature: 1, ..of_itself() }).await;
    assert_eq!(list("difference").await.len(), 2);
    compare(BureauRecord { is_whole: false, ..unchanged() }).await;
    assert_eq!(list("difference").await.len(), 0, "both were spoken of");
    compare_all(&[renamed, unchanged()]).await;
    assert_eq!(list("difference").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bureau_sends_again_is_compared_with_the_archive() {
    let app = App::start().await;
    let number = app.filed(1, ORGANISER).await;
    let filing = company_filing(Province::Guangdong, 1);
    let service = &filing.services[0];
    let publish = async |organiser_name: &str, service_name: &str| {
        let record = bureau::OrganiserRecord {
            number: ORGANISER.to_owned(),
            id: 0,
            name: organiser_name.to_owned(),
            nature: filing.organiser.nature.into(),
            certificate: Some(icp_proto::common::Certificate {
                number: filing.organiser.certificate.number.clone(),
                ..Default::default()
            }),
            services: vec![bureau::ServiceRecord {
                number: number.clone(),
                id: 0,
                name: service_name.to_owned(),
                domains: service.domains.clone(),
                addresses: service.access.addresses.iter().map(|it| content::ip_range(it).unwrap()).collect(),
            }],
            is_whole: true,
        };
        let record_id = Uuid::now_v7().to_string();
        let message = bureau::Recorded {
            record: app.seal(&record_id, &record),
            record_id: record_id.clone(),
            province: "gd".to_owned(),
            at_unix_ms: 1,
        };
        let fact = Outgoing::event("bureau", "recorded", "gd", record_id, &message);
        app.publish(vec![fact.clone(), fact]).await;
    };
    let listed = async |count: usize| {
        wait_until("the differences to be listed", Duration::from_secs(30), || async {
            let answer = app.read(REVIEWER, "/v1/archive/mismatches?kind=difference").await;
            let found = answer.body["mismatches"].as_array().unwrap().clone();
            if found.len() == count { Ok(found) } else { Err(answer.body.to_string()) }
        })
        .await
        .unwrap()
    };
    publish("更名公司", "更正的名称").await;
    let found = listed(2).await;
    assert_eq!((&found[0]["field"], &found[0]["at_bureau"]), (&json!("organiser.name"), &json!("")));
    assert_eq!((&found[1]["field"], &found[1]["at_bureau"]), (&json!("name"), &json!("更正的名称")));
    assert_eq!((&found[1]["archived"], &found[1]["numbers"]), (&json!(service.name), &json!([ORGANISER, number])));
    publish(&filing.organiser.name, &service.name).await;
    listed(0).await;
}
