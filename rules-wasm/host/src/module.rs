//! Loading a module: every step that it must pass before it may be activated.

use std::fmt;
use std::sync::Arc;

use icp_domain::Province;
use icp_rules_sdk::vector::Vector;
use icp_rules_sdk::{Context, Date, Description, Finding, Order, RequirementsAnswer};
use serde::{Deserialize, Serialize};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, Trap};

use crate::config::HostConfig;
use crate::contract::{self, Instance, Ready};
use crate::engine::{Clock, Limited, Limits};
use crate::signature::{self, Release, digest_of};

/// What a refusal quotes of a module's own words, in characters: they may be anything.
const QUOTED_CHARS_MAX: usize = 60;

/// Why a call failed that took too long.
const DEADLINE: &str = "the rule module passed its deadline";

/// The step of loading that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadStep {
    /// Fetching the module from the bus.
    Fetch,
    /// Comparing size and digest.
    Digest,
    /// Checking the signature.
    Signature,
    /// Compiling the component.
    Compile,
    /// Looking for imports, of which there must be none, and for the exports of the world.
    World,
    /// Asking the module who it is.
    Describe,
    /// Running the province's vectors.
    Vectors,
}

impl fmt::Display for LoadStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Fetch => "fetch",
            Self::Digest => "digest",
            Self::Signature => "signature",
            Self::Compile => "compile",
            Self::World => "world",
            Self::Describe => "describe",
            Self::Vectors => "vectors",
        })
    }
}

/// A module that was refused: at which step and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("refused at step {step}: {reason}")]
pub struct LoadError {
    /// The step.
    pub step: LoadStep,
    /// Why.
    pub reason: String,
    /// The vector that failed, at the step [`LoadStep::Vectors`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<VectorFailure>,
}

/// A vector that a module does not fulfil.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorFailure {
    /// Name of the vector.
    pub vector: String,
    /// What it expects.
    pub expected: String,
    /// What came instead, or why nothing came.
    pub found: String,
}

impl LoadError {
    pub(crate) fn new(step: LoadStep, reason: impl fmt::Display) -> Self {
        // `{:#}` shows wasmtime's whole chain of causes.
        Self { step, reason: format!("{reason:#}"), vector: None }
    }

    /// Whether the same module may well pass at another time: it could not be fetched, or the machine was too busy.
    pub(crate) fn is_passing(&self) -> bool {
        self.step == LoadStep::Fetch || self.reason.contains(DEADLINE)
    }

    fn of_vector(failure: VectorFailure) -> Self {
        let reason = format!("{}: expected {}, found {}", failure.vector, failure.expected, failure.found);
        Self { step: LoadStep::Vectors, reason, vector: Some(failure) }
    }
}

/// Which module this is; recorded with every verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleInfo {
    /// Whose rules.
    pub province: Province,
    /// SHA-256 of the module, hexadecimal.
    pub digest: String,
    /// Version of the contract that it is written for.
    pub contract: &'static str,
    /// What the module says about itself.
    pub description: Description,
    /// Who signed it.
    pub key_id: Option<String>,
}

impl ModuleInfo {
    /// Version of the rule book.
    pub fn version(&self) -> &str {
        &self.description.version
    }
}

/// A module that passed every step.
pub struct LoadedModule {
    pub(crate) info: Arc<ModuleInfo>,
    ready: Ready,
    pub(crate) limits: Limits,
}

impl fmt::Debug for LoadedModule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LoadedModule").field("info", &self.info).finish_non_exhaustive()
    }
}

impl LoadedModule {
    /// Which module this is.
    pub fn info(&self) -> &Arc<ModuleInfo> {
        &self.info
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) fn load(
        engine: &Engine,
        clock: &Clock,
        config: &HostConfig,
        province: Province,
        bytes: &[u8],
        release: &Release,
        vectors: &[Vector],
        today: Date,
    ) -> Result<Self, LoadError> {
        check_bytes(config, bytes, release)?;
        signature::verify(release, &config.trusted_keys, config.signature_required)
            .map_err(|error| LoadError::new(LoadStep::Signature, error))?;
        let limits = Limits::of(config);
        let inspected = Self::inspect(engine, clock, &limits, bytes)?;
        let module = Self::of(inspected, limits, province, release, today)?;
        for vector in vectors {
            module.run_vector(vector, clock).map_err(LoadError::of_vector)?;
        }
        Ok(module)
    }

    /// The module as what it says that it is.
    pub(crate) fn load_as_described(
        engine: &Engine,
        clock: &Clock,
        config: &HostConfig,
        bytes: &[u8],
        today: Date,
    ) -> Result<Self, LoadError> {
        let limits = Limits::of(config);
        let digest = digest_of(bytes);
        let unnamed = Release { digest, version: String::new(), signature: None, key_id: None, effective_from: None };
        check_bytes(config, bytes, &unnamed)?;
        signature::verify(&unnamed, &config.trusted_keys, config.signature_required)
            .map_err(|error| LoadError::new(LoadStep::Signature, error))?;
        let inspected = Self::inspect(engine, clock, &limits, bytes)?;
        let described = &inspected.2;
        let province = Province::parse(&described.province).ok_or_else(|| {
            LoadError::new(LoadStep::Describe, format!("it is of no province: {}", quoted(&described.province)))
        })?;
        let effective_from = described.effective_from.to_naive();
        let release = Release { version: described.version.clone(), effective_from, ..unnamed };
        Self::of(inspected, limits, province, &release, today)
    }

    fn of(
        (contract, ready, description): (&'static str, Ready, Description),
        limits: Limits,
        province: Province,
        release: &Release,
        today: Date,
    ) -> Result<Self, LoadError> {
        check_description(&description, province, release, today)?;
        let info = ModuleInfo {
            province,
            digest: release.digest.clone(),
            contract,
            description,
            key_id: release.signature.as_ref().and(release.key_id.clone()),
        };
        Ok(Self { info: Arc::new(info), ready, limits })
    }

    fn inspect(
        engine: &Engine,
        clock: &Clock,
        limits: &Limits,
        bytes: &[u8],
    ) -> Result<(&'static str, Ready, Description), LoadError> {
        let (contract, ready) = compile(engine, bytes)?;
        let description = describe(&ready, limits, clock)?;
        Ok((contract, ready, description))
    }

    /// What a module says about itself, whoever made it.
    pub(crate) fn description_of(
        engine: &Engine,
        clock: &Clock,
        config: &HostConfig,
        bytes: &[u8],
    ) -> Result<Description, LoadError> {
        Self::inspect(engine, clock, &Limits::of(config), bytes).map(|(_, _, description)| description)
    }

    pub(crate) fn instance(&self, orders: u64) -> wasmtime::Result<(Store<Limited>, Instance)> {
        let mut store = self.limits.store(self.ready.engine(), orders)?;
        let instance = self.ready.instantiate(&mut store)?;
        Ok((store, instance))
    }

    /// Judges one order in a fresh instance; also says how much fuel it took.
    pub(crate) fn judge(
        &self,
        order: &Order,
        context: &Context,
        clock: &Clock,
    ) -> wasmtime::Result<(Vec<Finding>, u64)> {
        let _running = clock.running();
        let (mut store, instance) = self.instance(1)?;
        let findings = instance.judge(&mut store, order, context)?;
        let fuel_used = self.limits.fuel(1).saturating_sub(store.get_fuel()?);
        Ok((findings, fuel_used))
    }

    /// Judges many orders, written by [`icp_rules_sdk::batch::encode`], in one instance.
    pub(crate) fn judge_batch(
        &self,
        cases: &[u8],
        count: u64,
        clock: &Clock,
    ) -> wasmtime::Result<Result<Vec<Vec<Finding>>, String>> {
        let _running = clock.running();
        let (mut store, instance) = self.instance(count)?;
        instance.judge_batch(&mut store, cases)
    }

    /// As [`LoadedModule::judge_batch`], with the findings in bytes and without their texts.
    pub(crate) fn judge_encoded(
        &self,
        cases: &[u8],
        count: u64,
        clock: &Clock,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let _running = clock.running();
        let (mut store, instance) = self.instance(count)?;
        instance.judge_encoded(&mut store, cases)
    }

    pub(crate) fn requirements(
        &self,
        order: &Order,
        context: &Context,
        clock: &Clock,
    ) -> wasmtime::Result<RequirementsAnswer> {
        let _running = clock.running();
        let (mut store, instance) = self.instance(1)?;
        instance.requirements(&mut store, order, context)
    }

    /// What a vector expects and the module does not say; none when it holds.
    pub(crate) fn run_vector(&self, vector: &Vector, clock: &Clock) -> Result<(), VectorFailure> {
        let failed = |error: wasmtime::Error| VectorFailure {
            vector: vector.name.clone(),
            expected: format!("{:?}", vector.expect),
            found: failure(&error),
        };
        let (findings, _) = self.judge(&vector.order, &vector.context, clock).map_err(failed)?;
        let requirements = self.requirements(&vector.order, &vector.context, clock).map_err(failed)?;
        let requirements = serde_json::to_value(requirements).unwrap_or_default();
        vector.check(&findings, &requirements).map_err(|difference| {
            let said = difference.strip_prefix(&format!("{}: ", vector.name)).unwrap_or(&difference);
            let said = said.strip_prefix("expected ").unwrap_or(said);
            let (expected, found) = said.split_once(", found ").unwrap_or((said, "something else"));
            VectorFailure { vector: vector.name.clone(), expected: expected.to_owned(), found: found.to_owned() }
        })
    }
}

fn check_bytes(config: &HostConfig, bytes: &[u8], release: &Release) -> Result<(), LoadError> {
    if bytes.len() > config.module_bytes_max {
        let reason = format!("the module has {} bytes, {} are allowed", bytes.len(), config.module_bytes_max);
        return Err(LoadError::new(LoadStep::Digest, reason));
    }
    let digest = digest_of(bytes);
    if digest != release.digest {
        let reason = format!("the module's digest is {digest}, the release names {}", release.digest);
        return Err(LoadError::new(LoadStep::Digest, reason));
    }
    Ok(())
}

fn compile(engine: &Engine, bytes: &[u8]) -> Result<(&'static str, Ready), LoadError> {
    let component = Component::from_binary(engine, bytes).map_err(|error| LoadError::new(LoadStep::Compile, error))?;
    let kind = component.component_type();
    if let Some((name, _)) = kind.imports(engine).next() {
        return Err(LoadError::new(
            LoadStep::World,
            format!("the module imports `{name}`; a rule module imports nothing"),
        ));
    }
    let version = contract::version_of(&component, engine).map_err(|reason| LoadError::new(LoadStep::World, reason))?;
    let ready = Linker::new(engine).instantiate_pre(&component).and_then(|pre| Ready::new(version, pre));
    Ok((version, ready.map_err(|error| LoadError::new(LoadStep::World, error))?))
}

fn describe(ready: &Ready, limits: &Limits, clock: &Clock) -> Result<Description, LoadError> {
    let _running = clock.running();
    let ask = || -> wasmtime::Result<Description> {
        let mut store = limits.store(ready.engine(), 1)?;
        ready.instantiate(&mut store)?.describe(&mut store)
    };
    ask().map_err(|error| LoadError::new(LoadStep::Describe, failure(&error)))
}

fn check_description(
    description: &Description,
    province: Province,
    release: &Release,
    today: Date,
) -> Result<(), LoadError> {
    let first = description.effective_from;
    let lie = if description.province != province.letters() {
        let claimed = quoted(&description.province);
        format!("it is offered for `{}` but says it is for {claimed}", province.letters())
    } else if description.version != release.version {
        format!("it is offered as version {} but says it is {}", release.version, quoted(&description.version))
    } else if let Some(said) = release.effective_from.map(Date::from).filter(|said| *said != first) {
        format!("it is offered as in force from {} but says {}", said.iso(), first.iso())
    } else if release.effective_from.is_none() && first.days() > today.days() {
        format!("it is in force from {} only, and its release does not say so", first.iso())
    } else if let Some(last) = description.effective_to.filter(|last| last.days() < today.days()) {
        format!("it was in force until {} and today is {}", last.iso(), today.iso())
    } else {
        return Ok(());
    };
    Err(LoadError::new(LoadStep::Describe, lie))
}

/// The beginning of what a module says, fit for a log line.
pub(crate) fn quoted(text: &str) -> String {
    let printable = |character: char| if character.is_control() { '?' } else { character };
    let mut quoted: String = text.chars().take(QUOTED_CHARS_MAX).map(printable).collect();
    if text.chars().nth(QUOTED_CHARS_MAX).is_some() {
        quoted.push('…');
    }
    format!("`{quoted}`")
}

/// Why a call failed, in words of our own where we know them. The guest's text is never passed on: it may hold
/// parts of the order.
pub(crate) fn failure(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => String::from("the rule module used up its fuel"),
        Some(Trap::Interrupt) => String::from(DEADLINE),
        Some(Trap::StackOverflow) => String::from("the rule module recursed too deeply"),
        Some(trap) => format!("the rule module trapped: {trap}"),
        None => format!("the rule module failed: {}", error.root_cause()),
    }
}
