//! One transaction for a batch of facts: note them, plan the deliveries, tell the partners.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::Utc;
use icp_bus::{Effects, Failure, Handler, NewJob, Outgoing};
use icp_kit::Clock;
use prost::Message as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::channel::Channels;
use crate::delivery::DeliveryJob;
use crate::fact::{Fact, Told};
use crate::notice::{Notice, Values};
use crate::store::{self, FactId, NewDelivery};

/// Handles facts about orders and about SMS windows.
#[derive(Clone)]
pub struct Notices {
    clock: Clock,
    channels: Arc<Channels>,
}

impl Notices {
    /// Notices by these channels.
    pub fn new(clock: Clock, channels: Arc<Channels>) -> Self {
        Self { clock, channels }
    }

    /// Plans the deliveries of a fact: rows to insert and jobs.
    fn plan(&self, told: &Told, effects: &mut Effects, rows: &mut Vec<NewDelivery>) -> Result<(), Failure> {
        let Some(notice) = Notice::about(&told.fact) else {
            return Ok(());
        };
        let channels = self.channels.of(notice);
        if channels.is_empty() || told.contacts().is_empty() {
            return Ok(());
        }
        let values_json = serde_json::to_string(&Values::of(&told.fact))
            .map_err(|error| Failure::Discard(format!("values of the notice: {error}")))?;
        for contact in told.contacts() {
            for &channel in channels {
                let id = Uuid::now_v7();
                let payload = DeliveryJob {
                    delivery_id: id.to_string(),
                    order_id: told.order_id.to_string(),
                    notice: notice.as_str().to_owned(),
                    contact: Some(contact.clone()),
                    values_json: values_json.clone(),
                    words: told.words().cloned(),
                };
                rows.push(NewDelivery { id, order_id: told.order_id, notice, channel });
                effects.job(NewJob {
                    kind: channel.job_kind(),
                    key: told.order_id.to_string(),
                    payload: payload.encode_to_vec(),
                    run_at: Utc::now(),
                });
            }
        }
        Ok(())
    }
}

/// The newest version of each order that people were told of.
struct Newest(BTreeMap<Uuid, i64>);

impl Newest {
    /// Whether a newer fact about the order is known already; remembers this one.
    fn overtakes(&mut self, told: &Told, before: Option<i64>) -> bool {
        let Fact::Order(event) = &told.fact else {
            return false;
        };
        let newest = self.0.entry(told.order_id).or_insert(i64::MIN);
        *newest = (*newest).max(before.unwrap_or(i64::MIN));
        let is_overtaken = event.version < *newest;
        *newest = (*newest).max(event.version);
        is_overtaken
    }
}

#[async_trait]
impl Handler for Notices {
    type Message = Told;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<Told, String> {
        Told::read(kind, payload)
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[icp_bus::Delivery<Told>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let identities: BTreeSet<FactId> = batch.iter().map(|delivery| fact_id(&delivery.message)).collect();
        let mut fresh = store::note_facts(connection, &identities, now).await?;
        let mut newest = Newest(BTreeMap::new());
        let mut rows = Vec::new();
        for delivery in batch {
            let told = &delivery.message;
            let Some(newest_before) = fresh.remove(&fact_id(told)) else {
                continue;
            };
            effects.set_cause(delivery.traceparent.clone());
            // Partners put facts in order by their version; people are not told what is no longer so.
            if let Some(json) = told.public() {
                effects.send(Outgoing::public(told.event(), told.province(), told.order_id, &json));
            }
            if newest.overtakes(told, newest_before) {
                tracing::info!(order.id = %told.order_id, fact = told.event(), "a late fact is not told to people");
                continue;
            }
            self.plan(told, effects, &mut rows)?;
        }
        store::insert_deliveries(connection, &rows, now).await?;
        Ok(())
    }
}

fn fact_id(told: &Told) -> FactId {
    let (what, version) = told.identity();
    (told.order_id, what, version)
}
