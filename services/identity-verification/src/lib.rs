//! Identity verification (身份核验): compares the documents and faces of an order with what it declares.
//!
//! Reading order: [`engine`] (the port), [`sandbox_engine`], [`picture`], [`holder`], [`catalogue`], [`report`],
//! [`checks`] (pure: what was seen → what is wrong), [`store`], [`tasks`] (bus in), [`verify`] (the job).
//! This crate must never know the life of an order, nor what a register says.

use std::sync::Arc;

use icp_bus::{Bus, Consumer};
use icp_kit::{Parts, ServiceContext};

pub mod catalogue;
pub mod checks;
mod config;
pub mod engine;
pub mod holder;
pub mod picture;
pub mod report;
pub mod sandbox_engine;
mod store;
pub mod tasks;
mod verify;

pub use config::Config;
use engine::DocumentEngine;
use sandbox_engine::SandboxEngine;

/// The service's own defaults, with every key documented.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Builds the service with the engine that the configuration names.
pub async fn build(context: ServiceContext, config: Config) -> anyhow::Result<Parts> {
    let engine: Arc<dyn DocumentEngine> = match config.engine.as_str() {
        "sandbox" => {
            tracing::warn!("the sandbox engine believes what pictures say about themselves; use it for no real filing");
            Arc::new(SandboxEngine)
        }
        "" => anyhow::bail!("identity.engine is not set; the only engine so far is \"sandbox\", which is no real one"),
        other => anyhow::bail!("identity.engine = {other:?} is unknown; the only engine so far is \"sandbox\""),
    };
    build_with_engine(context, config, engine).await
}

/// Builds the service with a given engine.
pub async fn build_with_engine(
    context: ServiceContext,
    config: Config,
    engine: Arc<dyn DocumentEngine>,
) -> anyhow::Result<Parts> {
    config.check()?;
    let vault = context.require_vault()?;
    let materials = context.require_materials()?;
    let bus = Bus::start(&context, &MIGRATIONS).await?;
    bus.consume(
        Consumer { name: "identity-tasks", filter: "icp.task.identity.v1.*" },
        tasks::IdentityTasks { clock: context.clock.clone() },
    );
    let verifier = verify::Verifier { context: context.clone(), vault, materials, engine, config };
    bus.work(verify::VerifyWorker(Arc::new(verifier)));
    let mut parts = Parts::default();
    parts.grpc.add_service(icp_bus::operations::service(&bus));
    Ok(parts)
}
