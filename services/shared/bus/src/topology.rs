//! Streams as data, compared and applied at start. Only features of nats-server 2.9.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType};

/// Facts, past tense.
pub const EVENTS: &str = "ICP_EVENTS";
/// Work for one service.
pub const TASKS: &str = "ICP_TASKS";
/// What partners may see.
pub const PUBLIC: &str = "ICP_PUBLIC";
/// What could not be handled.
pub const DEAD: &str = "ICP_DEAD";

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The streams of the platform.
pub fn streams(replicas: usize) -> Vec<Config> {
    let stream = |name: &str, subject: &str, retention, max_age| Config {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        retention,
        max_age,
        storage: StorageType::File,
        num_replicas: replicas,
        duplicate_window: Duration::from_secs(120),
        ..Default::default()
    };
    vec![
        stream(EVENTS, "icp.evt.>", RetentionPolicy::Limits, 7 * DAY),
        stream(TASKS, "icp.task.>", RetentionPolicy::WorkQueue, Duration::ZERO),
        stream(PUBLIC, "icp.pub.>", RetentionPolicy::Limits, 30 * DAY),
        stream(DEAD, "icp.dead.>", RetentionPolicy::Limits, 90 * DAY),
    ]
}

/// The stream that holds a subject.
pub fn stream_of(subject: &str) -> Option<&'static str> {
    match subject.split('.').nth(1) {
        Some("evt") => Some(EVENTS),
        Some("task") => Some(TASKS),
        Some("pub") => Some(PUBLIC),
        Some("dead") => Some(DEAD),
        _ => None,
    }
}

/// Creates missing streams and brings existing ones to this configuration.
pub async fn ensure_streams(jetstream: &Context, replicas: usize) -> Result<(), async_nats::Error> {
    for config in streams(replicas) {
        let mut existing = jetstream.get_or_create_stream(config.clone()).await?;
        let found = existing.info().await?.config.clone();
        let differs = found.subjects != config.subjects
            || found.max_age != config.max_age
            || found.num_replicas != config.num_replicas
            || found.duplicate_window != config.duplicate_window;
        if differs {
            tracing::info!(stream = config.name, "stream configuration is brought up to date");
            jetstream.update_stream(config).await?;
        }
    }
    Ok(())
}
