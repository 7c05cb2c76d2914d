//! What the disk under Postgres and JetStream allows at most, with payloads of the platform's size.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_nats::jetstream;
use bytes::Bytes;
use futures::StreamExt as _;
use icp_demo::World;

const POSTGRES_CLIENTS: usize = 16;
const PUBLISHES_IN_FLIGHT: usize = 256;

/// Single-row transactions per second, each with its own commit, with 16 clients.
pub async fn postgres_commits_per_s(world: &World, payload_bytes: usize, time: Duration) -> anyhow::Result<f64> {
    let url = world.postgres.create_database("icp_ceiling").await?;
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(POSTGRES_CLIENTS as u32).connect(&url).await?;
    sqlx::query("create table if not exists writes (id bigint generated always as identity primary key, payload bytea not null)")
        .execute(&pool)
        .await?;
    let payload = vec![0x5A_u8; payload_bytes];
    let start = Instant::now();
    let clients = (0..POSTGRES_CLIENTS).map(|_| {
        let (pool, payload) = (pool.clone(), payload.clone());
        tokio::spawn(async move {
            let mut commits = 0_u64;
            while start.elapsed() < time {
                sqlx::query("insert into writes (payload) values ($1)").bind(&payload).execute(&pool).await?;
                commits += 1;
            }
            Ok::<u64, sqlx::Error>(commits)
        })
    });
    let mut commits = 0;
    for client in futures::future::join_all(clients).await {
        commits += client??;
    }
    let per_s = commits as f64 / start.elapsed().as_secs_f64();
    sqlx::query("drop table writes").execute(&pool).await?;
    pool.close().await;
    Ok(per_s)
}

/// Acknowledged publishes per second into a file stream with one replica, 256 in flight.
pub async fn jetstream_publishes_per_s(world: &World, payload_bytes: usize, time: Duration) -> anyhow::Result<f64> {
    let jetstream = jetstream::new(async_nats::connect(world.nats.url()).await?);
    jetstream
        .create_stream(jetstream::stream::Config {
            name: "CEILING".to_owned(),
            subjects: vec!["ceiling.>".to_owned()],
            ..Default::default()
        })
        .await?;
    let payload = Bytes::from(vec![0x5A_u8; payload_bytes]);
    let start = Instant::now();
    let published = futures::stream::repeat(())
        .take_while(|()| std::future::ready(start.elapsed() < time))
        .map(|()| {
            let (jetstream, payload) = (jetstream.clone(), payload.clone());
            async move { jetstream.publish("ceiling.x", payload).await?.await.map_err(anyhow::Error::from) }
        })
        .buffer_unordered(PUBLISHES_IN_FLIGHT)
        .fold(Ok(0_u64), |sum: anyhow::Result<u64>, result| std::future::ready(sum.and_then(|n| result.map(|_| n + 1))))
        .await
        .context("a publish of the ceiling failed")?;
    let per_s = published as f64 / start.elapsed().as_secs_f64();
    jetstream.delete_stream("CEILING").await?;
    Ok(per_s)
}
