//! Events of an order for those who wait for them, whichever process committed them.
//!
//! One follower per process wakes readers; what happened they read from Postgres. It listens to the facts about orders
//! on the bus, and asks now and then for the versions of all orders that somebody waits for, in one query: that finds
//! what is no fact on the bus (a draft that changed) and what the bus lost. So a reader never polls, and misses nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{self, Stream, StreamExt as _};
use icp_kit::ServiceContext;
use icp_proto::order::OrderEvent;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::order::Phase;
use crate::store::{self, HistoryRow};

/// Facts about orders.
const FACTS: &str = "icp.evt.order.>";
/// Events that one reader takes from the database at once.
const PAGE: i64 = 100;
/// Wait before the bus is asked again, when it did not take the subscription.
const SUBSCRIBE_AGAIN: Duration = Duration::from_secs(2);

/// The section `[intake.streams]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamsConfig {
    /// Streams that one process serves at most.
    pub max_open: usize,
    /// A stream without events shows that it lives so often, milliseconds.
    pub heartbeat_ms: u64,
    /// How often the versions of awaited orders are looked up, milliseconds.
    pub look_every_ms: u64,
    /// A stream ends after so many minutes; whoever opens it again is asked for its token again.
    pub longest_minutes: u64,
}

/// Where readers wait. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    awaited: Mutex<HashMap<Uuid, watch::Sender<i64>>>,
    places: Arc<Semaphore>,
    longest: Duration,
    shutdown: CancellationToken,
}

/// A place from which one reader waits for one order.
#[derive(Debug)]
pub struct Place {
    order_id: Uuid,
    live: Live,
    newest: watch::Receiver<i64>,
    until: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Live {
    /// Starts the follower.
    pub fn start(context: &ServiceContext, config: &StreamsConfig) -> Self {
        let inner = Inner {
            awaited: Mutex::default(),
            places: Arc::new(Semaphore::new(config.max_open)),
            longest: Duration::from_secs(config.longest_minutes * 60),
            shutdown: context.shutdown.clone(),
        };
        let live = Self { inner: Arc::new(inner) };
        let look_every = Duration::from_millis(config.look_every_ms.max(1));
        context.spawn(follow_bus(live.clone(), context.nats.clone()));
        context.spawn(look(live.clone(), context.pool.clone(), look_every));
        live
    }

    /// A place to wait for an order that was read at `version`; none when all are taken.
    pub fn place(&self, order_id: Uuid, version: i64) -> Option<Place> {
        let permit = self.inner.places.clone().try_acquire_owned().ok()?;
        let mut awaited = self.awaited();
        let newest = awaited.entry(order_id).or_insert_with(|| watch::Sender::new(version)).subscribe();
        let until = Instant::now() + self.inner.longest;
        Some(Place { order_id, live: self.clone(), newest, until, _permit: permit })
    }

    /// An order is at this version now.
    fn heard(&self, order_id: Uuid, version: i64) {
        if let Some(sender) = self.awaited().get(&order_id) {
            sender.send_if_modified(|newest| {
                let is_newer = version > *newest;
                *newest = version.max(*newest);
                is_newer
            });
        }
    }

    fn awaited(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<i64>>> {
        self.inner.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut awaited = self.live.awaited();
        // This reader's own receiver is still counted.
        if awaited.get(&self.order_id).is_some_and(|sender| sender.receiver_count() <= 1) {
            awaited.remove(&self.order_id);
        }
    }
}

async fn follow_bus(live: Live, nats: async_nats::Client) {
    let shutdown = live.inner.shutdown.clone();
    while !shutdown.is_cancelled() {
        // The connection renews the subscription by itself; its end means that the connection was given up.
        match nats.subscribe(FACTS).await {
            Ok(mut facts) => {
                while let Some(Some(fact)) = shutdown.run_until_cancelled(facts.next()).await {
                    let Ok(event) = OrderEvent::decode(fact.payload) else { continue };
                    if let Ok(order_id) = Uuid::parse_str(&event.order_id) {
                        live.heard(order_id, event.version);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "facts about orders are not heard; streams are late until they are"),
        }
        shutdown.run_until_cancelled(tokio::time::sleep(SUBSCRIBE_AGAIN)).await;
    }
}

async fn look(live: Live, pool: sqlx::PgPool, every: Duration) {
    let shutdown = live.inner.shutdown.clone();
    while shutdown.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        let awaited: Vec<Uuid> = {
            let mut awaited = live.awaited();
            // Readers that left at the same time may each have counted the other.
            awaited.retain(|_, newest| newest.receiver_count() > 0);
            awaited.keys().copied().collect()
        };
        if awaited.is_empty() {
            continue;
        }
        match store::current_versions(&pool, &awaited).await {
            Ok(versions) => versions.into_iter().for_each(|(order_id, version)| live.heard(order_id, version)),
            Err(error) => tracing::warn!(%error, "versions of awaited orders cannot be read; trying again"),
        }
    }
}

/// What a reader is told.
#[derive(Debug)]
pub enum Told {
    /// An event.
    Event(HistoryRow),
    /// There will be no more: the order has ended in this phase.
    Ended(Phase),
}

struct Reader {
    api: Api,
    place: Place,
    after: i64,
    ready: VecDeque<HistoryRow>,
    is_over: bool,
}

/// The events of an order behind a version: those that are stored, then those to come. It ends with the order, with
/// the service, after its longest time, or after an error.
pub fn events(api: Api, place: Place, after: i64) -> impl Stream<Item = Result<Told, Problem>> + Send + 'static {
    let reader = Reader { api, place, after, ready: VecDeque::new(), is_over: false };
    stream::unfold(reader, |mut reader| async move {
        match reader.next().await {
            Ok(Some(told)) => Some((Ok(told), reader)),
            Ok(None) => None,
            Err(problem) => {
                reader.is_over = true;
                Some((Err(problem), reader))
            }
        }
    })
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Told>, Problem> {
        while !self.is_over {
            if let Some(row) = self.ready.pop_front() {
                self.after = row.version;
                return Ok(Some(Told::Event(row)));
            }
            // What happens from here on wakes the wait below.
            self.place.newest.mark_unchanged();
            let order_id = self.place.order_id;
            let stored = self.api.reads.order(order_id).await?.ok_or_else(Problem::no_order)?;
            self.ready = store::history_page(&self.api.bus.context().pool, order_id, self.after, PAGE).await?.into();
            if !self.ready.is_empty() {
                continue;
            }
            if stored.order.is_over() {
                self.is_over = true;
                return Ok(Some(Told::Ended(stored.order.phase)));
            }
            self.wait().await;
        }
        Ok(None)
    }

    async fn wait(&mut self) {
        let shutdown = self.place.live.inner.shutdown.clone();
        tokio::select! {
            changed = self.place.newest.changed() => self.is_over = changed.is_err(),
            () = shutdown.cancelled() => self.is_over = true,
            () = tokio::time::sleep_until(self.place.until) => self.is_over = true,
        }
    }
}
