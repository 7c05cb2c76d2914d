//! The demo's orders, one of every type among them, with every message published twice; their timelines are golden.

use std::path::{Path, PathBuf};

use icp_demo::{World, story, timeline};

use crate::otlp_sink::OtlpSink;
use crate::personal_data::Marks;
use crate::platform::{assert_nothing_left, options};

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_every_type_reach_their_ends_and_leave_no_personal_data_in_clear() {
    let sink = OtlpSink::start().await;
    let mut options = options("journeys");
    options.settings = vec![
        ("NATS__PUBLISH_TWICE".to_owned(), "true".to_owned()),
        ("TELEMETRY__OTLP_ENDPOINT".to_owned(), sink.endpoint()),
        ("TELEMETRY__LOG".to_owned(), "debug,h2=info,hyper=info,tower=info".to_owned()),
    ];
    let world = World::start(options).await.unwrap();
    let carried = story::run(&world, 4, &|line| println!("{line}")).await.unwrap();
    assert_eq!(carried.orders.len(), 5);
    assert_nothing_left(&world).await;

    let ended: Vec<_> = carried.orders.iter().chain(&carried.life).collect();
    let mut differences = Vec::new();
    for order in &ended {
        let text = timeline::golden(&timeline::of_order(&world, &order.id).await.unwrap());
        differences.extend(difference_from_golden(&order.name, &text));
    }
    assert!(differences.is_empty(), "set UPDATE_GOLDEN=1 to accept new timelines\n{}", differences.join("\n"));

    let filings: Vec<_> = ended.iter().map(|order| order.filing.clone()).collect();
    let marks = Marks::of(&filings);
    // The search itself must be able to find something.
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("orders").join(&carried.orders[0].name);
    assert!(!marks.in_folder(&input, &[]).is_empty(), "the marks are not even found in the input");

    let mut found = marks.in_folder(&world.work_dir().join("logs"), &["sandbox.log"]);
    found.extend(marks.in_folder(&world.work_dir().join("materials"), &[]));
    found.extend(marks.in_folder(&world.nats.store(), &[]));
    for service in icp_demo::world::SERVICES {
        let dump = world.postgres.dump(&format!("icp_{service}")).await.unwrap();
        assert!(dump.contains("outbox"), "the dump of {service} holds no table");
        found.extend(marks.in_bytes(&format!("database of {service}"), dump.as_bytes()));
    }
    world.stop().await.unwrap();
    let spans = sink.received();
    assert!(spans.windows(7).any(|bytes| bytes == b"consume"), "no span was exported");
    found.extend(marks.in_bytes("spans and metrics", &spans));
    assert!(found.is_empty(), "personal data in clear:\n{}", found.join("\n"));
}

/// Where a timeline is not the golden one.
fn difference_from_golden(name: &str, text: &str) -> Option<String> {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    (text != golden).then(|| format!("{name}:\n{text}instead of\n{golden}"))
}
