//! What the bureau takes off the record by itself leaves the archive and the whitelist.

use std::time::Duration;

use icp_bus::Outgoing;
use icp_domain::{OrderType, Province};
use icp_proto::bureau;
use icp_testkit::filings::company_filing;
use icp_testkit::wait_until;
use serde_json::Value;

use crate::app::App;
use crate::archive::{ORGANISER, day, events, on_record, outcome};

impl App {
    /// The first filing of company 1, with the bureau's ids; answers the number of its service and its domain.
    async fn filed_with_ids(&self) -> (String, String) {
        let number = format!("{ORGANISER}-1");
        let filing = company_filing(Province::Guangdong, 1);
        let domain = filing.services[0].domains[0].clone();
        let mut filed = outcome(OrderType::FirstFiling, filing, ORGANISER, &[&number], 1);
        (filed.organiser_id, filed.service_ids, filed.access_ids) = (11, vec![21], vec![31]);
        self.enter(&[filed]).await;
        (number, domain)
    }

    /// The relay tells that the bureau took a record off, twice.
    async fn take_off(&self, kind: &str, number: &str, bureau_id: i64) {
        let message = bureau::Removed {
            province: "gd".to_owned(),
            kind: kind.to_owned(),
            number: number.to_owned(),
            bureau_id,
            at_unix_ms: day(5).timestamp_millis(),
        };
        let fact = || Outgoing::event("bureau", "removed", "gd", bureau_id, &message);
        self.publish(vec![fact(), fact()]).await;
    }

    /// Waits until the history of a service ends so, and answers the service.
    async fn wait_for_event(&self, number: &str, event: &str) -> Value {
        wait_until(&format!("{number} to be {event}"), Duration::from_secs(30), || async {
            let service = self.service(number).await;
            if events(&service).last() == Some(&event) { Ok(()) } else { Err(service["history"].to_string()) }
        })
        .await
        .unwrap();
        // The record was perhaps read before the event came.
        self.service(number).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_and_a_service_that_the_bureau_takes_off_are_served_no_more() {
    let app = App::start().await;
    let (number, domain) = app.filed_with_ids().await;
    assert!(app.may_be_served(&domain).await);
    // An access from before the one of today says nothing of it.
    app.take_off("access", &number, 30).await;
    app.take_off("access", &number, 31).await;
    let service = app.wait_for_event(&number, "disconnected").await;
    assert_eq!(events(&service), ["filed", "connected", "disconnected"]);
    assert_eq!((service["status"].as_str(), service["is_connected"].as_bool()), (Some("filed"), Some(false)));
    assert_eq!(service["history"][2]["order_id"], Value::Null, "no order did it");
    assert!(service["accesses"][0]["until"].is_string());
    assert!(!app.may_be_served(&domain).await);

    let mut again = outcome(OrderType::ContinueAccess, on_record(1, ORGANISER, &number), ORGANISER, &[&number], 6);
    again.access_ids = vec![32];
    app.enter(&[again]).await;
    assert!(app.may_be_served(&domain).await, "connected again");
    app.take_off("access", &number, 31).await;
    app.take_off("service", &number, 21).await;
    let gone = app.wait_for_event(&number, "deregistered").await;
    let expected = ["filed", "connected", "disconnected", "connected", "disconnected", "deregistered"];
    assert_eq!(events(&gone), expected);
    assert_eq!(gone["status"], "deregistered");
    assert!(!app.may_be_served(&domain).await);

    // The order that asked the bureau for it changes nothing any more.
    app.enter(&[outcome(OrderType::DeregisterService, on_record(1, ORGANISER, &number), ORGANISER, &[&number], 7)])
        .await;
    assert_eq!(events(&app.service(&number).await), expected);
    assert_eq!(app.organiser(ORGANISER).await["status"], "filed", "the organiser stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organiser_that_the_bureau_takes_off_may_be_filed_again() {
    let app = App::start().await;
    let (number, domain) = app.filed_with_ids().await;
    app.take_off("organiser", ORGANISER, 12).await;
    app.take_off("organiser", "粤ICP备2026000077号", 77).await;
    app.take_off("organiser", ORGANISER, 11).await;
    let gone = app.wait_for_event(&number, "deregistered").await;
    assert_eq!(events(&gone), ["filed", "connected", "disconnected", "deregistered"]);
    assert!(!app.may_be_served(&domain).await);
    let organiser = app.organiser(ORGANISER).await;
    assert_eq!(organiser["status"], "deregistered");
    let lines = organiser["history"].as_array().unwrap().len();

    let mut own = on_record(1, ORGANISER, &number);
    own.services.clear();
    app.enter(&[outcome(OrderType::DeregisterOrganiser, own, ORGANISER, &[], 7)]).await;
    assert_eq!(app.organiser(ORGANISER).await["history"].as_array().unwrap().len(), lines, "nothing happens twice");

    // A first filing of the same certificate and domain contradicts no record.
    app.submitted(1).await;
}
