//! Records in Guangdong that another provider filed: accesses to their websites, and a new one, through this provider.

use anyhow::ensure;
use icp_domain::OrderType;

use super::{Life, first_domain, first_service, own_website, text, with_services};
use crate::orders;

/// The generated company with two websites at another provider.
const CONNECTED: u32 = 70_008;
/// The generated company whose website is its second one.
const SECOND: u32 = 70_012;
/// The generated company that adds a website here.
const ADDING: u32 = 70_016;
/// The generated company whose website it adds.
const ADDED: u32 = 70_020;

pub(super) async fn records(life: &Life<'_>) -> anyhow::Result<()> {
    tokio::try_join!(connected(life), added_to(life))?;
    Ok(())
}

async fn connected(life: &Life<'_>) -> anyhow::Result<()> {
    let company = orders::generated(CONNECTED).filing;
    let first = first_service(&company)?.clone();
    let second = own_website(&company, SECOND)?;
    let both = with_services(&company, vec![first.clone(), second.clone()]);
    life.register(&[&both]).await?;
    life.seed(&both, None).await?;

    let declared = with_services(&company, vec![first.clone()]);
    let found = life.find(&declared).await?;
    let what = "a website of another provider is connected here";
    let connected = life.carry_found("add_access", what, &found, found.order(declared)).await?;
    let organiser = text(&connected["organiser_number"])?;
    let website = text(&connected["service_numbers"][0])?;

    let found = life.find(&with_services(&company, vec![second.clone()])).await?;
    let mut declared = life.prefill(found.order_type, &organiser, &[]).await?;
    declared.services = vec![second.clone()];
    let what = "its second website follows: the organiser is here already";
    life.carry_found("continue_access", what, &found, found.order(declared)).await?;

    let leaving = life.prefill(OrderType::CancelAccess, &organiser, &[&website]).await?;
    life.carry("cancel_access", "the first website goes back to the other provider", leaving).await?;
    life.expect_not_served(first_domain(&first)?).await?;
    let second = first_domain(&second)?;
    ensure!(life.served(second).await?.is_some(), "{second} may not be served though its access stands");
    Ok(())
}

async fn added_to(life: &Life<'_>) -> anyhow::Result<()> {
    let company = orders::generated(ADDING).filing;
    let new = own_website(&company, ADDED)?;
    life.register(&[&with_services(&company, vec![new.clone()])]).await?;
    life.seed(&company, None).await?;
    let declared = with_services(&company, vec![new]);
    let found = life.find(&declared).await?;
    let what = "a company of another provider adds a website here";
    life.carry_found("add_service_elsewhere", what, &found, found.order(declared)).await?;
    Ok(())
}
