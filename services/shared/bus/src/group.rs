//! Writes of requests that come at the same time, brought into one transaction.
//!
//! A consumer handles what is there in one transaction; this does the same for what people ask for over an API.
//! A write is answered after its commit. If a group fails, its members are tried one by one.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use icp_kit::Gather;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Bus;
use crate::effects::Effects;

/// Writes requests of one kind.
#[async_trait]
pub trait Writes: Send + Sync + 'static {
    /// A request, decided and ready to be stored.
    type Write: Send + Sync + 'static;
    /// What became of it.
    type Outcome: Send + 'static;

    /// What a write is about. Two writes about the same thing never share a transaction.
    fn key(&self, write: &Self::Write) -> Uuid;

    /// Stores a group; one outcome per write, in their order.
    async fn write(
        &self,
        connection: &mut PgConnection,
        group: &[Self::Write],
        effects: &mut Effects,
    ) -> Result<Vec<Self::Outcome>, sqlx::Error>;
}

type Answer<W> = Result<<W as Writes>::Outcome, sqlx::Error>;

/// Where the writes of one kind gather. Cheap to clone.
pub struct Group<W: Writes> {
    gather: Gather<W::Write, Answer<W>>,
}

impl<W: Writes> Clone for Group<W> {
    fn clone(&self) -> Self {
        Self { gather: self.gather.clone() }
    }
}

impl<W: Writes> Group<W> {
    /// Starts the part that writes.
    pub fn start(bus: &Bus, writes: W) -> Self {
        let context = bus.context();
        let (gather, answering) = context.common.nats.gather();
        let (bus, writes, shutdown) = (bus.clone(), Arc::new(writes), context.shutdown.clone());
        context.spawn(answering.run(shutdown, move |asked| {
            let (bus, writes) = (bus.clone(), writes.clone());
            async move { write_all(&bus, writes.as_ref(), asked).await }
        }));
        Self { gather }
    }

    /// Stores a write; the answer comes after the commit.
    pub async fn write(&self, write: W::Write) -> Result<W::Outcome, sqlx::Error> {
        self.gather.ask(write).await.unwrap_or(Err(sqlx::Error::PoolClosed))
    }
}

/// Writes in rounds, so that no round holds two writes about the same thing.
async fn write_all<W: Writes>(bus: &Bus, writes: &W, asked: Vec<W::Write>) -> Vec<Answer<W>> {
    let mut answers: Vec<Option<Answer<W>>> = Vec::new();
    answers.resize_with(asked.len(), || None);
    let mut waiting: VecDeque<(usize, W::Write)> = asked.into_iter().enumerate().collect();
    while !waiting.is_empty() {
        let mut round: HashMap<Uuid, (usize, W::Write)> = HashMap::new();
        let mut later = VecDeque::new();
        for (index, write) in waiting {
            match round.entry(writes.key(&write)) {
                Entry::Vacant(place) => drop(place.insert((index, write))),
                Entry::Occupied(_) => later.push_back((index, write)),
            }
        }
        waiting = later;
        let (indexes, group): (Vec<usize>, Vec<W::Write>) = round.into_values().unzip();
        for (index, answer) in indexes.into_iter().zip(write_round(bus, writes, &group).await) {
            if let Some(place) = answers.get_mut(index) {
                *place = Some(answer);
            }
        }
    }
    answers.into_iter().map(|answer| answer.unwrap_or(Err(sqlx::Error::WorkerCrashed))).collect()
}

async fn write_round<W: Writes>(bus: &Bus, writes: &W, group: &[W::Write]) -> Vec<Answer<W>> {
    match transact(bus, writes, group).await {
        Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
        Err(error) if group.len() == 1 => vec![Err(error)],
        Err(error) => {
            tracing::debug!(%error, "a group of writes failed; its members are written one by one");
            let mut answers = Vec::with_capacity(group.len());
            for write in group {
                let outcome = transact(bus, writes, std::slice::from_ref(write)).await;
                answers.push(outcome.and_then(|outcomes| outcomes.into_iter().next().ok_or(sqlx::Error::RowNotFound)));
            }
            answers
        }
    }
}

async fn transact<W: Writes>(bus: &Bus, writes: &W, group: &[W::Write]) -> Result<Vec<W::Outcome>, sqlx::Error> {
    let mut tx = bus.begin().await?;
    let mut effects = Effects::new();
    let outcomes = writes.write(&mut tx, group, &mut effects).await?;
    bus.commit(tx, effects).await?;
    Ok(outcomes)
}
