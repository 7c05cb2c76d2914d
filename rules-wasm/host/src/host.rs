//! The registry of active modules: judge with the one that is active, swap it, roll it back, set a shadow beside it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use icp_domain::Province;
use icp_rules_sdk::vector::Vector;
use icp_rules_sdk::{Context, Date, Description, Finding, Order, RequirementsAnswer};
use wasmtime::Engine;

use crate::answers::Answers;
use crate::config::HostConfig;
use crate::engine::{Clock, Places, engine, instances_alive};
use crate::held::Held;
use crate::module::{LoadError, LoadedModule, ModuleInfo, VectorFailure, failure, quoted};
use crate::shadow::{Shadow, ShadowReport, ShadowThread};
use crate::signature::Release;

/// Why no host could be made.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The engine refuses its settings.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
    /// No thread for the clock or the shadow.
    #[error("a thread of the rule host cannot start")]
    Thread(#[source] std::io::Error),
}

/// There is no module to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no earlier rule module of this province is known here")]
pub struct NoRollback;

/// What a rule book says about an order.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It was judged.
    Judged {
        /// What was found, in the order of the form.
        findings: Vec<Finding>,
        /// By which module.
        module: Arc<ModuleInfo>,
        /// Fuel that it took.
        fuel_used: u64,
    },
    /// It could not be judged: a reviewer must look at the whole order.
    Unjudged {
        /// Why.
        reason: String,
        /// The module that failed; none when the province has none.
        module: Option<Arc<ModuleInfo>>,
    },
}

/// Runs the rule modules of all provinces. Make one per process; calls may come from any thread.
pub struct Host {
    config: HostConfig,
    engine: Engine,
    clock: Arc<Clock>,
    places: Places,
    shadows: ShadowThread,
    today: Box<dyn Fn() -> Date + Send + Sync>,
    slots: BTreeMap<&'static str, Slot>,
}

#[derive(Default)]
struct Slot {
    active: ArcSwapOption<LoadedModule>,
    shadow: ArcSwapOption<Shadow>,
    /// Taken by those who swap; those who judge never wait for it.
    previous: Mutex<Option<Arc<LoadedModule>>>,
}

impl Host {
    /// A host without modules, on the machine's clock.
    ///
    /// # Errors
    /// When the engine or one of its threads cannot start.
    pub fn new(config: HostConfig) -> Result<Arc<Self>, HostError> {
        Self::with_today(config, today_in_china)
    }

    /// A host without modules; `today` tells whether a module's effective period has passed when it is loaded.
    ///
    /// # Errors
    /// When the engine or one of its threads cannot start.
    pub fn with_today(
        config: HostConfig,
        today: impl Fn() -> Date + Send + Sync + 'static,
    ) -> Result<Arc<Self>, HostError> {
        let engine = engine(&config).map_err(|error| HostError::Engine(format!("{error:#}")))?;
        let clock = Arc::new(Clock::start(&engine).map_err(HostError::Thread)?);
        let shadows = ShadowThread::start(&config, Arc::clone(&clock)).map_err(HostError::Thread)?;
        let slots = Province::ALL.into_iter().map(|province| (province.letters(), Slot::default())).collect();
        let places = Places::of(&config);
        Ok(Arc::new(Self { config, engine, clock, places, shadows, today: Box::new(today), slots }))
    }

    /// The day, as this host's clock has it.
    pub(crate) fn today(&self) -> Date {
        (self.today)()
    }

    /// Takes a module through every step without activating it: digest, signature, compile, imports and exports,
    /// description, vectors. Takes up to a second of CPU time: call it off the async threads.
    ///
    /// # Errors
    /// Which step refused it and why.
    pub fn load(
        &self,
        province: Province,
        bytes: &[u8],
        release: &Release,
        vectors: &[Vector],
    ) -> Result<LoadedModule, LoadError> {
        LoadedModule::load(&self.engine, &self.clock, &self.config, province, bytes, release, vectors, self.today())
    }

    /// Loads a module as what it says that it is: for a tool on whose user's word it runs. It is compiled once.
    ///
    /// # Errors
    /// Which step refused it and why; also where this host asks for signatures.
    pub fn load_as_described(&self, bytes: &[u8]) -> Result<LoadedModule, LoadError> {
        LoadedModule::load_as_described(&self.engine, &self.clock, &self.config, bytes, self.today())
    }

    /// What a module says about itself; nothing else is proved. Takes as long as compiling it.
    ///
    /// # Errors
    /// When it does not compile, is of another world, or does not say.
    pub fn describe(&self, bytes: &[u8]) -> Result<Description, LoadError> {
        LoadedModule::description_of(&self.engine, &self.clock, &self.config, bytes)
    }

    /// Runs one vector in a module that was loaded without it.
    ///
    /// # Errors
    /// What the vector expects and what came instead.
    pub fn run_vector(&self, module: &LoadedModule, vector: &Vector) -> Result<(), VectorFailure> {
        module.run_vector(vector, &self.clock)
    }

    /// Makes a module the active one of its province; the one before stays ready for [`Host::rollback`].
    /// Calls that run go on with the module that they started with.
    pub fn activate(&self, module: LoadedModule) -> Arc<ModuleInfo> {
        let info = Arc::clone(&module.info);
        if let Some(slot) = self.slots.get(info.province.letters()) {
            let mut previous = slot.previous.lock().unwrap_or_else(PoisonError::into_inner);
            let replaced = slot.active.swap(Some(Arc::new(module)));
            // The same module again (a bus that was replayed) must not push out the one to roll back to.
            let is_other = replaced.as_ref().is_some_and(|old| old.info.digest != info.digest);
            if is_other {
                *previous = replaced;
            }
            // What has become active has no more to show beside itself.
            if slot.shadow.load().as_ref().is_some_and(|shadow| shadow.digest() == info.digest) {
                slot.shadow.store(None);
            }
        }
        info
    }

    /// Makes the module before the active one active again if it has this digest: at once, without loading it.
    pub(crate) fn reactivate(&self, province: Province, digest: &str) -> bool {
        let Some(slot) = self.slots.get(province.letters()) else { return false };
        let mut previous = slot.previous.lock().unwrap_or_else(PoisonError::into_inner);
        match previous.take() {
            Some(back) if back.info.digest == digest => {
                *previous = slot.active.swap(Some(back));
                true
            }
            other => {
                *previous = other;
                false
            }
        }
    }

    /// Lets a module judge the same orders as the active one of its province, beside it: only the report shows
    /// what it said. An earlier shadow of the province ends.
    pub fn shadow(&self, candidate: LoadedModule) -> Arc<ModuleInfo> {
        let info = Arc::clone(&candidate.info);
        if let Some(slot) = self.slots.get(info.province.letters()) {
            slot.shadow.store(Some(Arc::new(Shadow::new(candidate, self.config.shadow_examples_max))));
        }
        info
    }

    /// What the shadow of a province has found so far; none without a shadow.
    pub fn shadow_report(&self, province: Province) -> Option<ShadowReport> {
        self.slots.get(province.letters())?.shadow.load().as_ref().map(|shadow| shadow.report())
    }

    /// Ends the shadow of a province and hands back its last report.
    pub fn end_shadow(&self, province: Province) -> Option<ShadowReport> {
        let ended = self.slots.get(province.letters())?.shadow.swap(None)?;
        Some(ended.report())
    }

    /// Instances that are alive now; none where the system gives no pool. For tests and metrics.
    pub fn instances_alive(&self) -> Option<u64> {
        instances_alive(&self.engine)
    }

    /// Makes the module before the active one, on this host alone. A host that follows the bus takes up again
    /// what the bus names; to go back everywhere, [`announce`](crate::publish::announce) the earlier release.
    ///
    /// # Errors
    /// When there was none.
    pub fn rollback(&self, province: Province) -> Result<Arc<ModuleInfo>, NoRollback> {
        let slot = self.slots.get(province.letters()).ok_or(NoRollback)?;
        let mut previous = slot.previous.lock().unwrap_or_else(PoisonError::into_inner);
        let back = previous.take().ok_or(NoRollback)?;
        let info = Arc::clone(&back.info);
        *previous = slot.active.swap(Some(back));
        Ok(info)
    }

    /// Takes a province's module away: its orders go to manual review until another one is activated.
    pub fn deactivate(&self, province: Province) {
        if let Some(slot) = self.slots.get(province.letters()) {
            let mut previous = slot.previous.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(old) = slot.active.swap(None) {
                *previous = Some(old);
            }
        }
    }

    /// The active module of a province.
    pub fn active(&self, province: Province) -> Option<Arc<ModuleInfo>> {
        self.module(province).map(|module| Arc::clone(&module.info))
    }

    /// All active modules.
    pub fn list(&self) -> Vec<Arc<ModuleInfo>> {
        Province::ALL.into_iter().filter_map(|province| self.active(province)).collect()
    }

    fn module(&self, province: Province) -> Option<Arc<LoadedModule>> {
        self.slots.get(province.letters())?.active.load_full()
    }

    /// Judges an order with the province's active module, in a fresh instance. Blocks the thread for some tens
    /// of microseconds, at most for the configured deadline.
    pub fn judge(&self, province: Province, order: &Order, context: &Context) -> Verdict {
        self.judge_order(province, "", order, context)
    }

    /// As [`Host::judge`]; a shadow's report may name this id as an example of a difference.
    pub fn judge_order(&self, province: Province, order_id: &str, order: &Order, context: &Context) -> Verdict {
        let Some(module) = self.module(province) else {
            return Verdict::Unjudged { reason: no_module(province), module: None };
        };
        let verdict = match self.places.take() {
            Ok(_place) => self.judge_with(&module, order, context),
            Err(reason) => Verdict::Unjudged { reason, module: Some(Arc::clone(&module.info)) },
        };
        let shadow = self.slots.get(province.letters()).and_then(|slot| slot.shadow.load_full());
        if let (Some(shadow), Verdict::Judged { findings, module, .. }) = (shadow, &verdict) {
            self.shadows.offer(shadow, order_id, order, context, findings, module);
        }
        self.weighed(verdict)
    }

    /// The verdict with the weights that the configuration gives. The shadow compares the books' own weights.
    fn weighed(&self, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Judged { findings, module, fuel_used } => {
                let findings = self.config.severities.apply(module.province.letters(), findings);
                Verdict::Judged { findings, module, fuel_used }
            }
            unjudged @ Verdict::Unjudged { .. } => unjudged,
        }
    }

    /// Judges an order with a module that need not be active, e.g. to compare it with the active one; the weights are
    /// the book's own.
    pub fn judge_with(&self, module: &LoadedModule, order: &Order, context: &Context) -> Verdict {
        match module.judge(order, context, &self.clock) {
            Ok((findings, fuel_used)) => Verdict::Judged { findings, module: Arc::clone(&module.info), fuel_used },
            Err(error) => {
                let reason = failure(&error);
                tracing::error!(province = module.info.province.letters(), rules.digest = %module.info.digest, %reason, "a rule module failed");
                Verdict::Unjudged { reason, module: Some(Arc::clone(&module.info)) }
            }
        }
    }

    /// Judges `count` orders written by [`icp_rules_sdk::batch::encode`] in one call; one list of findings each.
    ///
    /// # Errors
    /// When the province has no module, the module fails, or the cases cannot be read.
    pub fn judge_batch(
        &self,
        province: Province,
        cases: &[u8],
        count: usize,
    ) -> Result<(Vec<Vec<Finding>>, Arc<ModuleInfo>), String> {
        let module = self.module(province).ok_or_else(|| no_module(province))?;
        let _place = self.places.take()?;
        let lists = self.judge_batch_with(&module, cases, count)?;
        let weigh = |findings| self.config.severities.apply(province.letters(), findings);
        Ok((lists.into_iter().map(weigh).collect(), Arc::clone(&module.info)))
    }

    /// As [`Host::judge_batch`] with a module that need not be active.
    ///
    /// # Errors
    /// When the module fails or the cases cannot be read.
    pub fn judge_batch_with(
        &self,
        module: &LoadedModule,
        cases: &[u8],
        count: usize,
    ) -> Result<Vec<Vec<Finding>>, String> {
        let orders = u64::try_from(count).unwrap_or(u64::MAX);
        let answer = module.judge_batch(cases, orders, &self.clock).map_err(|error| failure(&error))?;
        let lists = answer.map_err(|reason| format!("the module refuses the batch: {}", quoted(&reason)))?;
        if lists.len() != count {
            return Err(format!("the module answered {} of {count} orders", lists.len()));
        }
        Ok(lists)
    }

    /// As [`Host::judge_batch_with`], with the findings in bytes and without their texts: what costs least where millions
    /// of orders are judged. The texts of one order come from judging it alone.
    ///
    /// # Errors
    /// When the module fails or the cases cannot be read.
    pub fn judge_encoded_with(&self, module: &LoadedModule, cases: &[u8], count: usize) -> Result<Answers, String> {
        let orders = u64::try_from(count).unwrap_or(u64::MAX);
        let answer = module.judge_encoded(cases, orders, &self.clock).map_err(|error| failure(&error))?;
        Answers::of(answer, count)
    }

    /// An instance of a module that stays for several calls, for a stock that is judged again.
    ///
    /// # Errors
    /// When there is no place for it, or it does not start.
    pub fn hold<'h>(&'h self, module: &'h LoadedModule) -> Result<Held<'h>, String> {
        Held::new(module, &self.clock)
    }

    /// What an order needs by the province's active module.
    ///
    /// # Errors
    /// When the province has no module or the module fails.
    pub fn requirements(
        &self,
        province: Province,
        order: &Order,
        context: &Context,
    ) -> Result<RequirementsAnswer, String> {
        let module = self.module(province).ok_or_else(|| no_module(province))?;
        let _place = self.places.take()?;
        module.requirements(order, context, &self.clock).map_err(|error| failure(&error))
    }
}

fn no_module(province: Province) -> String {
    format!("no rule module of {} is active", province.letters())
}

/// The date in Asia/Shanghai, which has had no summer time since 1991.
pub(crate) fn today_in_china() -> Date {
    const OFFSET: chrono::Duration = chrono::Duration::hours(8);
    (chrono::Utc::now() + OFFSET).date_naive().into()
}
