//! Intake: the one owner of a filing order's life, from draft to filing number.
//!
//! Reading order: [`order`] (the life of an order, pure), [`content`] (what is declared), [`determination`] (of
//! which type it must be), [`rules`], [`check`] (all that can be said before submission),
//! [`requirements`] and [`deadlines`] (what is still needed, until when),
//! [`reactions`] (what follows from events), [`commands`] (people's requests), [`consumers`] (other services'
//! facts), [`registered`] (what the register of enterprises says), [`approval`] (what has been carried out),
//! [`bureau_results`] (what the bureau's refusals mean), [`archive`] (what is
//! on record then), [`entitlements`] (what a service needs to be filed here), [`materials`] (what applicants upload),
//! [`desk`] (the provider's reviewers), [`idle`] (reminders and expiry), [`public_security`] (the filing that follows), [`amendment`], [`audit`] (who did and saw what),
//! [`statistics`], [`imports`] (many orders at once), [`live`] (events as they happen), [`api`] (REST and gRPC),
//! [`access`] (who may use it), [`reads`] and [`writes`] (requests share queries and transactions), [`store`] (SQL of
//! orders), [`china`] (days), [`sheet`] (CSV), [`paging`] (pages of lists). Archive, entitlements, materials, desk, audit trail, access, imports,
//! statistics and what is registered keep their own SQL.

pub mod access;
pub mod amendment;
pub mod api;
pub mod approval;
pub mod archive;
pub mod audit;
pub mod bureau_results;
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
pub mod imports;
pub mod live;
pub mod materials;
pub mod order;
pub mod paging;
pub mod public_security;
pub mod reactions;
pub mod reads;
pub mod registered;
pub mod requirements;
pub mod rules;
pub mod sheet;
pub mod statistics;
pub mod store;
pub mod writes;

use std::path::PathBuf;
use std::sync::Arc;

use audit::AuditConfig;
use bureau_results::BureauResults;
use desk::ReviewConfig;
use desk::automatic::{AutomaticReview, ReviewRequests};
use desk::deadline::Deadlines;
use icp_bus::{Bus, Consumer, Group};
use icp_kit::{Parts, ServiceContext};
use icp_rules_host::follow::FollowOptions;
use icp_rules_host::{Host, HostConfig};
use materials::inspect::Inspector;
use serde::{Deserialize, Serialize};
use statistics::StatisticsConfig;
use tokio::sync::Semaphore;

/// Name of the service and of its section in the configuration.
pub const NAME: &str = "intake";
/// The compiled-in defaults.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// The section `[intake]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// File with bearer tokens; empty for none.
    pub tokens_file: PathBuf,
    /// The issuer of people's tokens.
    pub oidc: access::issuer::OidcConfig,
    /// Keys of machines.
    pub keys: access::api_keys::KeysConfig,
    /// Requests with an `Idempotency-Key`.
    pub idempotency: access::keyed_requests::IdempotencyConfig,
    /// How many requests a client may make.
    pub rate_limits: api::rate_limits::RateLimitsConfig,
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
    /// Until when what was approved is filed with the police as well.
    pub public_security: public_security::PublicSecurityTerm,
    /// Days for which a determination can be used.
    pub determination_days: u32,
    /// What result codes of the bureaus mean (TOML); empty: the compiled-in table.
    pub bureau_results_file: PathBuf,
    /// How rule modules run, and whom they may come from.
    pub rules: HostConfig,
    /// The provider's review.
    pub review: ReviewConfig,
    /// The audit trail.
    pub audit: AuditConfig,
    /// What applicants upload.
    pub materials: materials::MaterialsConfig,
    /// Figures about orders.
    pub statistics: StatisticsConfig,
    /// Streams of events.
    pub streams: live::StreamsConfig,
    /// Many orders at once.
    pub imports: imports::ImportsConfig,
    /// Lists as one answer.
    pub exports: api::exports::ExportsConfig,
    /// gRPC for back offices.
    pub grpc: api::grpc::GrpcConfig,
    /// How papers are printed, and in whose name.
    pub papers: api::papers::PapersConfig,
}

/// Builds the service on its connections.
pub async fn build(context: ServiceContext, config: Config) -> anyhow::Result<Parts> {
    config.papers.check().map_err(anyhow::Error::msg)?;
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

    let footers = archive::footer::FooterForms { rules: rules.clone(), clock: context.clock.clone() };
    let idle = idle::Plan { reminder_days: config.idle_reminder_days, expiry_days: config.idle_expiry_days };
    let sources: [(&'static str, &'static str, &'static str); 3] = [
        ("intake-identity", "icp.evt.identity.>", "identity"),
        ("intake-authority", "icp.evt.authority.>", "authority"),
        ("intake-bureau", "icp.evt.bureau.>", "bureau"),
    ];
    let answers = consumers::Answers {
        actor: NAME,
        clock: context.clock.clone(),
        vault: context.require_vault()?,
        keyring: context.keyring.clone(),
        bureau_results: Arc::new(BureauResults::load(&config.bureau_results_file)?),
        idle,
        footers: footers.clone(),
        public_security: config.public_security,
    };
    for (name, filter, actor) in sources {
        bus.consume(Consumer { name, filter }, consumers::Answers { actor, ..answers.clone() });
    }
    let idle_orders = idle::IdleOrders {
        clock: context.clock.clone(),
        vault: context.require_vault()?,
        keyring: context.keyring.clone(),
        plan: idle,
        public_security: config.public_security,
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
        match archive::completion::enter_domains_of_apps(&pool, &vault).await {
            Ok(0) => {}
            Ok(apps) => tracing::info!(apps, "domains of APPs were entered into the archive"),
            Err(error) => tracing::error!(%error, "domains of APPs are missing; the next start tries again"),
        }
        match archive::completion::enter_names_of_units(&pool, &vault).await {
            Ok(0) => {}
            Ok(units) => tracing::info!(units, "names of units were entered into the archive"),
            Err(error) => tracing::error!(%error, "names of units are missing; the next start tries again"),
        }
    });

    let issuer = access::issuer::Issuer::of(&config.oidc)?;
    if let Some(issuer) = &issuer {
        issuer.start(&context);
    }
    let inspector = Inspector::new(&config.materials, context.common.materials.max_bytes)?;
    let api = api::Api::new(api::ApiParts {
        bus: bus.clone(),
        reads: reads::Reads::start(&bus),
        writes: Group::start(&bus, writes::OrderWrites { vault: context.require_vault()? }),
        clock: context.clock.clone(),
        idle,
        vault: context.require_vault()?,
        materials: context.require_materials()?,
        audit: audit::Recorder::start(&bus),
        rules,
        footers,
        deadlines: Arc::new(deadlines),
        tokens: api::auth::Tokens::load(&config.tokens_file)?,
        live: live::Live::start(&context, &config.streams),
        export_turns: Arc::new(Semaphore::new(config.exports.max_open)),
        issuer,
        rate_limits: api::rate_limits::RateLimits::new(&config.rate_limits),
        resources: entitlements::resources::Resources::of(&config.resources)?,
        inspector: Arc::new(inspector),
        scanner: materials::scan::scanner(&config.materials.scanner),
        config: Arc::new(config),
    });
    context.spawn(api::idempotency::clean(api.clone()));
    context.spawn(materials::sweep::run(api.clone()));
    if is_automatic {
        let name = "intake-automatic-review";
        bus.consume(Consumer { name, filter: "icp.evt.order.v1.review_requested.>" }, ReviewRequests);
        bus.work(AutomaticReview { api: api.clone() });
    }
    bus.work(imports::drafting::Drafting { api: api.clone() });
    let mut parts = Parts { http: api::router(api.clone()), ..Parts::default() };
    parts.serve(icp_bus::operations::service(&bus));
    api::grpc::serve(&mut parts, &api);
    Ok(parts)
}
