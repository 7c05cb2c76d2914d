//! Intake: the one owner of a filing order's life, from draft to filing number.
//!
//! Reading order: [`order`] (the life of an order, pure), [`content`] (what is declared), [`determination`] (of
//! which type it must be), [`rules`], [`check`] (all that can be said before submission),
//! [`requirements`] and [`deadlines`] (what is still needed, until when),
//! [`reactions`] (what follows from events), [`commands`] (people's requests), [`consumers`] (other services'
//! facts), [`approval`] (what has been carried out), [`archive`] (what is on record then), [`entitlements`] (what a
//! service needs to be filed here), [`desk`] (the provider's reviewers), [`idle`] (reminders and expiry),
//! [`amendment`], [`audit`] (who did and saw what), [`statistics`], [`api`] (REST), [`reads`] and [`writes`] (requests
//! share queries and transactions), [`store`] (SQL), [`china`] (days). Archive, entitlements, desk, audit trail and
//! statistics keep their own SQL.

pub mod amendment;
pub mod api;
pub mod approval;
pub mod archive;
pub mod audit;
pub mod check;
pub mod china;
pub mod commands;
pub mod consumers;
pub mod content;
pub mod deadlines;
pub mod desk;
pub mod determination;
pub mod entitlements;
pub mod idle;
pub mod on_record;
pub mod order;
pub mod reactions;
pub mod reads;
pub mod requirements;
pub mod rules;
pub mod statistics;
pub mod store;
pub mod writes;

use std::path::PathBuf;
use std::sync::Arc;

use audit::AuditConfig;
use desk::ReviewConfig;
use desk::automatic::{AutomaticReview, ReviewRequests};
use desk::deadline::Deadlines;
use icp_bus::{Bus, Consumer, Group};
use icp_kit::{Parts, ServiceContext};
use icp_rules_host::follow::FollowOptions;
use icp_rules_host::{Host, HostConfig};
use serde::{Deserialize, Serialize};
use statistics::StatisticsConfig;

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
    /// Service entitlements.
    pub entitlements: entitlements::EntitlementsConfig,
    /// The provider's own system of servers and addresses.
    pub resources: entitlements::resources::ResourcesConfig,
    /// Days of idleness after which the contact of a draft or a returned order is reminded; each three numbers grow.
    pub idle_reminder_days: [u32; 3],
    /// Days of idleness after which such an order expires.
    pub idle_expiry_days: u32,
    /// How rule modules run, and whom they may come from.
    pub rules: HostConfig,
    /// The provider's review.
    pub review: ReviewConfig,
    /// The audit trail.
    pub audit: AuditConfig,
    /// Figures about orders.
    pub statistics: StatisticsConfig,
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

    let idle = idle::Plan { reminder_days: config.idle_reminder_days, expiry_days: config.idle_expiry_days };
    let sources: [(&'static str, &'static str, &'static str); 3] = [
        ("intake-identity", "icp.evt.identity.>", "identity"),
        ("intake-authority", "icp.evt.authority.>", "authority"),
        ("intake-bureau", "icp.evt.bureau.>", "bureau"),
    ];
    for (name, filter, actor) in sources {
        let (clock, vault) = (context.clock.clone(), context.require_vault()?);
        bus.consume(Consumer { name, filter }, consumers::Answers { actor, clock, vault, idle });
    }
    let idle_orders = idle::IdleOrders {
        clock: context.clock.clone(),
        vault: context.require_vault()?,
        keyring: context.keyring.clone(),
        plan: idle,
    };
    bus.consume(Consumer { name: "intake-timers", filter: "icp.evt.schedule.v1.fired.intake" }, idle_orders);

    let deadlines = Deadlines::load(&config.review)?;
    if let Some(year) = deadlines.missing_year(context.clock.now()) {
        tracing::warn!(
            year,
            "the calendar of working days knows no holidays of this year; see `intake.review.calendar_file`"
        );
    }
    let is_automatic = config.review.automatic.enabled;

    context.spawn(audit::trail::run(bus.clone(), config.audit.clone()));
    let (pool, vault) = (context.pool.clone(), context.require_vault()?);
    context.spawn(async move {
        match archive::completion::run(&pool, &vault).await {
            Ok(0) => {}
            Ok(orders) => tracing::info!(orders, "records of the archive were completed"),
            Err(error) => tracing::error!(%error, "the archive could not be completed; the next start tries again"),
        }
    });

    let api = api::Api {
        bus: bus.clone(),
        reads: reads::Reads::start(&bus),
        writes: Group::start(&bus, writes::OrderWrites { vault: context.require_vault()? }),
        clock: context.clock.clone(),
        idle,
        vault: context.require_vault()?,
        materials: context.require_materials()?,
        audit: audit::Recorder::start(&bus),
        rules,
        deadlines: Arc::new(deadlines),
        tokens: api::auth::Tokens::load(&config.tokens_file)?,
        resources: entitlements::resources::Resources::of(&config.resources)?,
        config: Arc::new(config),
        max_material_bytes: context.common.materials.max_bytes,
    };
    if is_automatic {
        let name = "intake-automatic-review";
        bus.consume(Consumer { name, filter: "icp.evt.order.v1.review_requested.>" }, ReviewRequests);
        bus.work(AutomaticReview { api: api.clone() });
    }
    let mut parts = Parts { http: api::router(api), ..Parts::default() };
    parts.grpc.add_service(icp_bus::operations::service(&bus));
    Ok(parts)
}
