//! The engine and the limits: every call runs in a store made by [`Limits::store`], and nowhere else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::Duration;

use wasmtime::{
    Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig, ResourceLimiter, Store,
    StoreLimits, StoreLimitsBuilder,
};

use crate::config::HostConfig;

/// Resolution of the deadline.
const TICK: Duration = Duration::from_millis(5);
/// Ticks without a call after which the clock goes to sleep.
const IDLE_TICKS: u32 = 200;
/// Instances beside those of the configuration: loading and the shadow never take one from live orders.
const SPARE_INSTANCES: u32 = 8;

/// Core instances in one component: the module itself, and the shims that a component encoder adds.
const CORE_INSTANCES: u32 = 4;

/// An engine with pooled instances, or without a pool where the system does not give the address space.
pub(crate) fn engine(config: &HostConfig) -> wasmtime::Result<Engine> {
    let instances = config.instances_max.saturating_add(SPARE_INSTANCES);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES))
        .total_memories(instances)
        .total_tables(instances)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(1)
        .max_tables_per_component(1)
        .max_memory_size(config.memory_bytes_max)
        .table_elements(config.table_elements_max)
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(kept_bytes());
    let mut settings = settings();
    settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&settings).or_else(|error| {
        tracing::warn!(%error, "rule modules run without an instance pool");
        Engine::new(&self::settings())
    })
}

/// What a place of the pool keeps of the memory of the instance before, cleared, so that the next one need not ask the
/// system for each page again. Where the system tells which pages were written (Linux 6.7), only these are cleared;
/// elsewhere all of the kept bytes are, so there are few.
fn kept_bytes() -> usize {
    if PoolingAllocationConfig::is_pagemap_scan_available() { 1024 * 1024 } else { 64 * 1024 }
}

fn settings() -> Config {
    let mut settings = Config::new();
    settings.wasm_component_model(true).consume_fuel(true).epoch_interruption(true);
    settings
}

/// What a store carries: only its limits, and what was taken of them.
pub(crate) struct Limited {
    limits: StoreLimits,
    memory_bytes: usize,
}

impl Limited {
    /// Linear memory now.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }
}

impl ResourceLimiter for Limited {
    fn memory_growing(&mut self, now: usize, wanted: usize, most: Option<usize>) -> wasmtime::Result<bool> {
        let is_allowed = self.limits.memory_growing(now, wanted, most)?;
        if is_allowed {
            self.memory_bytes = wanted;
        }
        Ok(is_allowed)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.limits.memory_grow_failed(error)
    }

    fn table_growing(&mut self, now: usize, wanted: usize, most: Option<usize>) -> wasmtime::Result<bool> {
        self.limits.table_growing(now, wanted, most)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.limits.table_grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.limits.instances()
    }

    fn tables(&self) -> usize {
        self.limits.tables()
    }

    fn memories(&self) -> usize {
        self.limits.memories()
    }
}

/// The limits of one call.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    memory_bytes: usize,
    table_elements: usize,
    fuel_per_order: u64,
    deadline_ticks: u64,
    answer_bytes: usize,
}

impl Limits {
    pub(crate) fn of(config: &HostConfig) -> Self {
        let tick_ms = u64::try_from(TICK.as_millis()).unwrap_or(1).max(1);
        Self {
            memory_bytes: config.memory_bytes_max,
            table_elements: config.table_elements_max,
            fuel_per_order: config.fuel_per_order,
            deadline_ticks: config.deadline_ms.div_ceil(tick_ms) + 1,
            answer_bytes: config.answer_bytes_max,
        }
    }

    /// Fuel of a call on this many orders.
    pub(crate) fn fuel(&self, orders: u64) -> u64 {
        self.fuel_per_order.saturating_mul(orders.max(1))
    }

    /// A store with all limits set. It is thrown away after its call, so nothing of one order reaches another.
    pub(crate) fn store(&self, engine: &Engine, orders: u64) -> wasmtime::Result<Store<Limited>> {
        let limits = StoreLimitsBuilder::new()
            .memory_size(self.memory_bytes)
            .table_elements(self.table_elements)
            .memories(1)
            .tables(1)
            .instances(CORE_INSTANCES as usize)
            .trap_on_grow_failure(true)
            .build();
        let mut store = Store::new(engine, Limited { limits, memory_bytes: 0 });
        store.limiter(|limited| limited);
        self.arm(&mut store, orders)?;
        Ok(store)
    }

    /// Sets what a call on this many orders may use up.
    pub(crate) fn arm(&self, store: &mut Store<Limited>, orders: u64) -> wasmtime::Result<()> {
        store.set_fuel(self.fuel(orders))?;
        // A batch has as much time, and as many bytes to answer, for each of its orders.
        store.set_epoch_deadline(self.deadline_ticks.saturating_mul(orders.max(1)));
        // Bounds what the host copies out of the guest: without it, many strings could point to one big one.
        store.set_hostcall_fuel(self.answer_bytes.saturating_mul(usize::try_from(orders.max(1)).unwrap_or(usize::MAX)));
        Ok(())
    }
}

/// The places of live calls: one more than configured is refused, not queued.
pub(crate) struct Places {
    max: usize,
    taken: AtomicUsize,
}

impl Places {
    pub(crate) fn of(config: &HostConfig) -> Self {
        Self { max: usize::try_from(config.instances_max).unwrap_or(usize::MAX), taken: AtomicUsize::new(0) }
    }

    pub(crate) fn take(&self) -> Result<Place<'_>, String> {
        let place = Place { taken: &self.taken };
        if self.taken.fetch_add(1, Ordering::SeqCst) >= self.max {
            // Dropping the place gives it back.
            return Err(format!("more than {} concurrent calls of rule modules", self.max));
        }
        Ok(place)
    }
}

/// The place of a call that runs.
pub(crate) struct Place<'a> {
    taken: &'a AtomicUsize,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Instances of the pool that are alive; none when there is no pool.
pub(crate) fn instances_alive(engine: &Engine) -> Option<u64> {
    let metrics = engine.pooling_allocator_metrics()?;
    let memories = u64::try_from(metrics.memories()).unwrap_or(u64::MAX);
    let tables = u64::try_from(metrics.tables()).unwrap_or(u64::MAX);
    Some(metrics.component_instances().max(metrics.core_instances()).max(memories).max(tables))
}

/// The clock behind the deadlines. It ticks while calls come and sleeps otherwise.
pub(crate) struct Clock {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    running: AtomicUsize,
    started: AtomicUsize,
    asleep: AtomicBool,
    ended: AtomicBool,
}

impl Clock {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (weak, of_thread) = (engine.weak(), Arc::clone(&shared));
        let handle =
            std::thread::Builder::new().name("rules-clock".to_owned()).spawn(move || tick(&weak, &of_thread))?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    /// Keeps the clock awake while a call runs.
    pub(crate) fn running(&self) -> Running<'_> {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        self.shared.started.fetch_add(1, Ordering::Relaxed);
        if self.shared.asleep.swap(false, Ordering::SeqCst) {
            self.thread.unpark();
        }
        Running { shared: &self.shared }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// A call that runs.
pub(crate) struct Running<'a> {
    shared: &'a Shared,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(engine: &EngineWeak, shared: &Shared) {
    let mut seen = 0;
    let mut idle_ticks = 0;
    while !shared.ended.load(Ordering::SeqCst) {
        std::thread::sleep(TICK);
        let Some(engine) = engine.upgrade() else { return };
        engine.increment_epoch();
        drop(engine);
        let started = shared.started.load(Ordering::Relaxed);
        let is_idle = started == seen && shared.running.load(Ordering::SeqCst) == 0;
        seen = started;
        idle_ticks = if is_idle { idle_ticks + 1 } else { 0 };
        if idle_ticks >= IDLE_TICKS {
            sleep_until_called(shared);
            idle_ticks = 0;
        }
    }
}

/// Announces the sleep before looking once more, so that a call that comes in between is not missed.
fn sleep_until_called(shared: &Shared) {
    shared.asleep.store(true, Ordering::SeqCst);
    while shared.asleep.load(Ordering::SeqCst)
        && shared.running.load(Ordering::SeqCst) == 0
        && !shared.ended.load(Ordering::SeqCst)
    {
        std::thread::park();
    }
    shared.asleep.store(false, Ordering::SeqCst);
}
