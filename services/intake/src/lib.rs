//! Intake: the one owner of a filing order's life, from draft to filing number.
//!
//! Reading order: [`order`] (the life of an order, pure), [`content`] (what is declared), [`rules`],
//! [`reactions`] (what follows from events), [`commands`] (people's requests), [`consumers`] (other services'
//! facts), [`api`] (REST), [`reads`] and [`writes`] (requests share queries and transactions), [`store`] (SQL).

pub mod api;
pub mod commands;
pub mod consumers;
pub mod content;
pub mod order;
pub mod reactions;
pub mod reads;
pub mod rules;
pub mod store;
pub mod writes;

use std::path::PathBuf;
use std::sync::Arc;

use icp_bus::{Bus, Consumer, Group};
use icp_kit::{Parts, ServiceContext};
use icp_rules_host::follow::FollowOptions;
use icp_rules_host::{Host, HostConfig};
use serde::{Deserialize, Serialize};

/// Name of the service and of its section in the configuration.
pub const NAME: &str = "intake";
/// The compiled-in defaults.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// The section `[intake]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// File with the API's bearer tokens.
    pub tokens_file: PathBuf,
    /// Largest JSON body, bytes.
    pub max_body_bytes: usize,
    /// Orders in one page at most.
    pub max_page: i64,
    /// How rule modules run, and whom they may come from.
    pub rules: HostConfig,
    /// How papers are printed, and in whose name.
    pub papers: api::papers::PapersConfig,
}

/// Builds the service on its connections.
pub async fn build(context: ServiceContext, config: Config) -> anyhow::Result<Parts> {
    let bus = Bus::start(&context, &MIGRATIONS).await?;
    let clock = context.clock.clone();
    let rules = Host::with_today(config.rules.clone(), move || rules::day_in_china(clock.now()))?;
    let options = FollowOptions::of_service(NAME);
    let follower = icp_rules_host::follow::follow(rules.clone(), context.jetstream.clone(), options);
    let shutdown = context.shutdown.clone();
    context.spawn(async move {
        shutdown.cancelled().await;
        drop(follower);
    });

    let sources: [(&'static str, &'static str, &'static str); 3] = [
        ("intake-identity", "icp.evt.identity.>", "identity"),
        ("intake-authority", "icp.evt.authority.>", "authority"),
        ("intake-bureau", "icp.evt.bureau.>", "bureau"),
    ];
    for (name, filter, actor) in sources {
        let clock = context.clock.clone();
        bus.consume(Consumer { name, filter }, consumers::Answers { actor, clock });
    }

    let api = api::Api {
        bus: bus.clone(),
        reads: reads::Reads::start(&bus),
        writes: Group::start(&bus, writes::OrderWrites),
        clock: context.clock.clone(),
        vault: context.require_vault()?,
        materials: context.require_materials()?,
        rules,
        tokens: api::auth::Tokens::load(&config.tokens_file)?,
        config: Arc::new(config),
        max_material_bytes: context.common.materials.max_bytes,
    };
    let mut parts = Parts { http: api::router(api), ..Parts::default() };
    parts.grpc.add_service(icp_bus::operations::service(&bus));
    Ok(parts)
}
