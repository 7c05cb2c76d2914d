//! Durable consumers: a batch of messages, one transaction, then the acknowledgements.
//!
//! A handler may see every message twice and late; the inbox lets each message through once per consumer.
//! A batch that fails is taken apart, so that a poisoned member does not hold back the rest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{AckKind, Message};
use async_trait::async_trait;
use futures::StreamExt;
use sqlx::PgConnection;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::effects::Effects;
use crate::message::{HEADER_ID, HEADER_SUBJECT, HEADER_TRACEPARENT, HEADER_TYPE, Outgoing};
use crate::{Bus, crash, topology};

/// Name and filter of a durable consumer.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// Durable name, also the name in the inbox: `<service>-<what>`.
    pub name: &'static str,
    /// One subject filter (nats-server 2.9 knows only one).
    pub filter: &'static str,
}

/// A message as a handler sees it.
#[derive(Debug, Clone)]
pub struct Delivery<M> {
    /// CloudEvents id.
    pub id: Uuid,
    /// CloudEvents type: the subject without its scope.
    pub kind: String,
    /// What it is about, usually an order id.
    pub key: String,
    /// Trace context to hand on with [`Effects::set_cause`].
    pub traceparent: Option<String>,
    /// The decoded body.
    pub message: M,
}

impl Delivery<()> {
    /// What the headers of a message say (CloudEvents, trace context).
    pub fn of_headers(headers: &HeaderMap) -> Result<Self, &'static str> {
        let text = |name: &str| headers.get(name).map(|value| value.as_str().to_owned());
        let id = text(HEADER_ID).and_then(|id| Uuid::parse_str(&id).ok()).ok_or("ce-id is not a UUID")?;
        let kind = text(HEADER_TYPE).ok_or("ce-type is missing")?;
        let key = text(HEADER_SUBJECT).unwrap_or_default();
        Ok(Self { id, kind, key, traceparent: text(HEADER_TRACEPARENT), message: () })
    }
}

/// Why a message could not be handled.
#[derive(Debug)]
pub enum Failure {
    /// Try again later; after the configured number of attempts it becomes a dead letter.
    Retry(String),
    /// It can never be handled; it becomes a dead letter now.
    Discard(String),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Retry(error.to_string())
    }
}

/// Handles the messages of one consumer.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The decoded body; an enum where a consumer takes several types.
    type Message: Send + Sync;

    /// Decodes a body by its CloudEvents type. An error makes it a dead letter.
    fn decode(&self, kind: &str, payload: &[u8]) -> Result<Self::Message, String>;

    /// Handles a batch inside one transaction. No network calls: add a job instead.
    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<Self::Message>],
        effects: &mut Effects,
    ) -> Result<(), Failure>;
}

struct Taken<M> {
    raw: Message,
    delivery: Delivery<M>,
}

pub(crate) async fn run<H: Handler>(bus: Bus, consumer: Consumer, handler: Arc<H>) {
    let shutdown = bus.context.shutdown.clone();
    let mut wait_ms = 100;
    while !shutdown.is_cancelled() {
        tokio::select! {
            () = shutdown.cancelled() => return,
            result = follow(&bus, &consumer, handler.as_ref(), &mut wait_ms) => {
                if let Err(error) = result {
                    tracing::warn!(consumer = consumer.name, error = %format!("{error:#}"), wait_ms, "consumer interrupted; trying again");
                }
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
        }
        wait_ms = (wait_ms * 2).min(5_000);
    }
}

/// Reads until the connection, the stream or the consumer is lost.
async fn follow<H: Handler>(bus: &Bus, consumer: &Consumer, handler: &H, wait_ms: &mut u64) -> anyhow::Result<()> {
    let context = &bus.context;
    let stream_name = topology::stream_of(consumer.filter)
        .ok_or_else(|| anyhow::anyhow!("filter {} belongs to no stream", consumer.filter))?;
    topology::ensure_streams(&context.jetstream, context.common.nats.replicas)
        .await
        .map_err(anyhow::Error::from_boxed)?;
    let stream = context.jetstream.get_stream(stream_name).await?;
    let durable = stream
        .get_or_create_consumer(
            consumer.name,
            pull::Config {
                durable_name: Some(consumer.name.to_owned()),
                filter_subject: consumer.filter.to_owned(),
                ack_policy: AckPolicy::Explicit,
                deliver_policy: DeliverPolicy::All,
                ack_wait: Duration::from_millis(context.common.nats.ack_wait_ms),
                max_ack_pending: 20_000,
                ..Default::default()
            },
        )
        .await?;
    let batch = context.common.nats.batch.max(1);
    let messages = durable
        .stream()
        .max_messages_per_batch(batch * 2)
        .heartbeat(Duration::from_secs(5))
        .expires(Duration::from_secs(30))
        .messages()
        .await?;
    let mut chunks = messages.ready_chunks(batch);
    while let Some(chunk) = chunks.next().await {
        *wait_ms = 100;
        let mut raw = Vec::with_capacity(chunk.len());
        let mut interruption = None;
        for message in chunk {
            match message {
                Ok(message) => raw.push(message),
                Err(error) => interruption = Some(error),
            }
        }
        let (taken, begin) = (raw.len(), Instant::now());
        take(bus, consumer, handler, raw).await;
        icp_kit::linger(taken, batch, begin.elapsed(), context.common.nats.linger()).await;
        if let Some(error) = interruption {
            return Err(error.into());
        }
    }
    Ok(())
}

async fn take<H: Handler>(bus: &Bus, consumer: &Consumer, handler: &H, raw: Vec<Message>) {
    let mut taken = Vec::with_capacity(raw.len());
    for message in raw {
        match open(handler, &message) {
            Ok(delivery) => taken.push(Taken { raw: message, delivery }),
            Err(reason) => bury(bus, consumer, &message, None, &reason).await,
        }
    }
    if taken.is_empty() {
        return;
    }
    let span = tracing::info_span!("consume", consumer = consumer.name, messages = taken.len());
    if let [one] = taken.as_slice() {
        icp_kit::telemetry::set_parent(&span, one.delivery.traceparent.as_deref());
    }
    handle(bus, consumer, handler, taken).instrument(span).await;
}

fn open<H: Handler>(handler: &H, message: &Message) -> Result<Delivery<H::Message>, String> {
    let headers = message.headers.as_ref().ok_or("the message has no headers")?;
    let Delivery { id, kind, key, traceparent, message: () } = Delivery::of_headers(headers)?;
    let message = handler.decode(&kind, &message.payload)?;
    Ok(Delivery { id, kind, key, traceparent, message })
}

async fn handle<H: Handler>(bus: &Bus, consumer: &Consumer, handler: &H, taken: Vec<Taken<H::Message>>) {
    let (raw, deliveries): (Vec<Message>, Vec<Delivery<H::Message>>) =
        taken.into_iter().map(|t| (t.raw, t.delivery)).unzip();
    match transact(bus, consumer, handler, &deliveries).await {
        Ok(()) => {
            for message in &raw {
                acknowledge(message, AckKind::Ack).await;
                crash::point("after an acknowledgement");
            }
        }
        Err(failure) if raw.len() == 1 => {
            for (message, delivery) in raw.iter().zip(&deliveries) {
                settle(bus, consumer, message, delivery.id, &failure).await;
            }
        }
        Err(failure) => {
            tracing::debug!(?failure, "a batch failed; its members are handled one by one");
            for (message, delivery) in raw.iter().zip(&deliveries) {
                match transact(bus, consumer, handler, std::slice::from_ref(delivery)).await {
                    Ok(()) => acknowledge(message, AckKind::Ack).await,
                    Err(failure) => settle(bus, consumer, message, delivery.id, &failure).await,
                }
            }
        }
    }
}

/// Inbox marks, the handler's state and its effects commit together.
async fn transact<H: Handler>(
    bus: &Bus,
    consumer: &Consumer,
    handler: &H,
    deliveries: &[Delivery<H::Message>],
) -> Result<(), Failure>
where
    H::Message: Send + Sync,
{
    crash::point("before a batch");
    let mut tx = bus.begin().await?;
    let ids: Vec<Uuid> = deliveries.iter().map(|d| d.id).collect();
    let fresh: Vec<Uuid> = sqlx::query_scalar(include_str!("../queries/inbox_mark.sql"))
        .bind(consumer.name)
        .bind(&ids)
        .fetch_all(&mut *tx)
        .await?;
    if fresh.is_empty() {
        return Ok(());
    }
    crash::point("after the inbox marks");
    let mut effects = Effects::new();
    if fresh.len() == deliveries.len() {
        handler.handle(&mut tx, deliveries, &mut effects).await?;
    } else {
        // Each fresh message once, although a batch may hold it twice.
        let mut fresh: std::collections::HashSet<Uuid> = fresh.into_iter().collect();
        for delivery in deliveries {
            if fresh.remove(&delivery.id) {
                handler.handle(&mut tx, std::slice::from_ref(delivery), &mut effects).await?;
            }
        }
    }
    crash::point("after a handler");
    bus.commit(tx, effects).await?;
    Ok(())
}

async fn settle(bus: &Bus, consumer: &Consumer, message: &Message, id: Uuid, failure: &Failure) {
    let attempts = message.info().map(|info| info.delivered).unwrap_or(1);
    match failure {
        Failure::Discard(reason) => bury(bus, consumer, message, Some(id), reason).await,
        Failure::Retry(reason) if attempts >= bus.context.common.nats.max_attempts => {
            bury(bus, consumer, message, Some(id), reason).await;
        }
        Failure::Retry(reason) => {
            tracing::warn!(consumer = consumer.name, attempts, reason, "message is handled again later");
            let wait = Duration::from_millis(200 << attempts.clamp(0, 8));
            acknowledge(message, AckKind::Nak(Some(wait))).await;
        }
    }
}

/// Makes a message a dead letter: through the outbox, so that it cannot be lost.
async fn bury(bus: &Bus, consumer: &Consumer, message: &Message, id: Option<Uuid>, reason: &str) {
    let attempts = message.info().map(|info| info.delivered).unwrap_or(1);
    let letter = serde_json::json!({
        "consumer": consumer.name,
        "subject": message.subject.as_str(),
        "reason": reason,
        "attempts": attempts,
        "message_id": id,
        "payload_hex": message.payload.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
    });
    let subject = format!("icp.dead.{}", consumer.name);
    let outgoing = Outgoing::new(subject.clone(), subject, id.unwrap_or_default(), letter.to_string().into_bytes());
    let mut effects = Effects::new();
    effects.send(outgoing);
    let written = async {
        let mut tx = bus.begin().await?;
        if let Some(id) = id {
            sqlx::query(include_str!("../queries/inbox_mark.sql"))
                .bind(consumer.name)
                .bind(vec![id])
                .execute(&mut *tx)
                .await?;
        }
        bus.commit(tx, effects).await
    };
    match written.await {
        Ok(()) => {
            tracing::error!(consumer = consumer.name, reason, attempts, "message became a dead letter");
            acknowledge(message, AckKind::Ack).await;
        }
        Err(error) => tracing::warn!(%error, "dead letter cannot be written; the message comes again"),
    }
}

async fn acknowledge(message: &Message, kind: AckKind) {
    if let Err(error) = message.ack_with(kind).await {
        tracing::debug!(%error, "acknowledgement was lost; the message comes again and the inbox drops it");
    }
}
