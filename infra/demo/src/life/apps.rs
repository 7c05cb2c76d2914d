//! A record in Zhejiang, over interface V5.0: an APP, a mini-program and a quick app, and a website that migrates.

use anyhow::{Context as _, ensure};
use icp_domain::{Access, AppPlatform, Filing, InternetService, OrderType, Platform, ServiceKind};

use super::{Life, first_domain, first_service, text, with_services};
use crate::orders;

/// The generated company whose record it is.
const COMPANY: u32 = 70_002;
/// The generated company that takes over its website.
const SUCCESSOR: u32 = 70_006;
/// Platform of mini-programs and quick apps, of the bureau's table.
const PLATFORM: u32 = 10_001;

pub(super) async fn record(life: &Life<'_>) -> anyhow::Result<()> {
    let company = orders::generated(COMPANY).filing;
    let successor = orders::generated(SUCCESSOR).filing;
    life.register(&[&company, &successor]).await?;
    let (numbers, successor_number) = tokio::try_join!(record_of_apps(life, &company), first(life, &successor))?;
    let (organiser, website) = numbers;

    let mut change = life.prefill(OrderType::ChangeOrganiser, &organiser, &[]).await?;
    change.organiser.address.detail.push_str("甲座");
    life.carry("change_organiser-v5", "the company with the APP moves to another building", change).await?;

    let mut migration = life.prefill(OrderType::Migrate, &successor_number, &[&website]).await?;
    let principal = &first_service(&successor)?.principal;
    for service in &mut migration.services {
        service.principal = principal.clone();
        service.name = format!("{}之二", first_service(&successor)?.name);
    }
    // The domain is the successor's by now.
    life.register(&[&migration]).await?;
    let what = "its website goes to another company without going offline";
    let migrated = text(&life.carry("migrate", what, migration).await?["service_numbers"][0])?;
    let domain = first_domain(first_service(&company)?)?;
    let served = life.served(domain).await?;
    ensure!(served.as_deref() == Some(migrated.as_str()), "{domain} is served under {served:?}, not {migrated}");
    life.tell(format!("whitelist: {domain} may be served under {migrated}"));
    Ok(())
}

/// The numbers of the organiser and of its website.
async fn record_of_apps(life: &Life<'_>, company: &Filing) -> anyhow::Result<(String, String)> {
    let found = life.find(company).await?;
    let what = "a company files its website over V5.0";
    let filed = life.carry_found("first_filing-v5", what, &found, found.order(company.clone())).await?;
    let organiser = text(&filed["organiser_number"])?;

    let app = app(first_service(company)?);
    let found = life.find(&with_services(company, vec![app.clone()])).await?;
    let mut addition = life.prefill(found.order_type, &organiser, &[]).await?;
    addition.services = vec![app];
    life.carry_found("add_service-app", "an APP on two platforms is added", &found, addition).await?;

    let programs = vec![
        program(first_service(company)?, ServiceKind::MiniProgram, "小站"),
        program(first_service(company)?, ServiceKind::QuickApp, "快查"),
    ];
    let found = life.find(&with_services(company, programs.clone())).await?;
    let mut addition = life.prefill(found.order_type, &organiser, &[]).await?;
    addition.services = programs;
    let what = "a mini-program and a quick app are added in one order";
    let added = life.carry_found("add_service-programs", what, &found, addition).await?;
    let numbers = added["service_numbers"].as_array().context("no numbers")?;
    let letters: Vec<Option<char>> = numbers.iter().map(|number| number.as_str()?.chars().last()).collect();
    ensure!(letters == [Some('X'), Some('K')], "a mini-program ends in X and a quick app in K: {numbers:?}");
    Ok((organiser, text(&filed["service_numbers"][0])?))
}

/// The number of a company after its first filing.
async fn first(life: &Life<'_>, company: &Filing) -> anyhow::Result<String> {
    let found = life.find(company).await?;
    let what = "another company files its website over V5.0";
    text(
        &life.carry_found("first_filing-v5-successor", what, &found, found.order(company.clone())).await?["organiser_number"],
    )
}

fn app(website: &InternetService) -> InternetService {
    let on = |platform, fingerprint_digits: usize| AppPlatform {
        platform,
        package: "cn.specimen.shop".to_owned(),
        public_key: "9f".repeat(128),
        certificate_fingerprint: "0a".repeat(fingerprint_digits / 2),
        domains: website.domains.iter().map(|domain| format!("api.{domain}")).collect(),
        sdk_providers: vec!["示例推送".to_owned()],
    };
    InternetService {
        app_platforms: vec![on(Platform::Android, 32), on(Platform::Ios, 40)],
        ..without_domain(website, ServiceKind::App, "客户端")
    }
}

fn program(website: &InternetService, kind: ServiceKind, ending: &str) -> InternetService {
    InternetService {
        mini_program_platforms: vec![PLATFORM],
        access: Access::default(),
        ..without_domain(website, kind, ending)
    }
}

fn without_domain(website: &InternetService, kind: ServiceKind, ending: &str) -> InternetService {
    InternetService {
        kind,
        name: format!("{}{ending}", website.name),
        domains: Vec::new(),
        home_url: None,
        ..website.clone()
    }
}
