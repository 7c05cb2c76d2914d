//! The life of a record in Guangdong, over interface V3.0: filed, added to, changed in every way, taken off.

use icp_domain::OrderType as T;

use super::{Life, first_domain, first_service, own_website, text, with_services};
use crate::orders;

/// The generated company whose record it is.
const COMPANY: u32 = 70_000;
/// The generated company whose website it takes over as its second one.
const SECOND: u32 = 70_004;
/// The generated company whose phone its new person in charge answers.
const PHONE: u32 = 70_024;

pub(super) async fn record(life: &Life<'_>) -> anyhow::Result<()> {
    let company = orders::generated(COMPANY).filing;
    let second = own_website(&company, SECOND)?;
    let both = with_services(&company, [company.services.clone(), vec![second.clone()]].concat());
    life.register(&[&both]).await?;

    let found = life.find(&company).await?;
    let what = "a company files its website";
    let filed = life.carry_found("first_filing", what, &found, found.order(company.clone())).await?;
    let organiser = text(&filed["organiser_number"])?;
    let website = text(&filed["service_numbers"][0])?;

    let found = life.find(&with_services(&company, vec![second.clone()])).await?;
    let mut addition = life.prefill(found.order_type, &organiser, &[]).await?;
    addition.services = vec![second.clone()];
    let added = life.carry_found("add_service", "a second website is added", &found, addition).await?;
    let second_website = text(&added["service_numbers"][0])?;

    let mut change = life.prefill(T::ChangeService, &organiser, &[&website]).await?;
    for service in &mut change.services {
        service.name = format!("{}新版", service.name);
    }
    life.carry("change_service", "the first website is renamed", change).await?;

    let mut change = life.prefill(T::ChangeOrganiser, &organiser, &[]).await?;
    change.organiser.address.detail.push_str("甲座");
    life.carry("change_organiser", "the company moves to another building", change).await?;

    let mut change = life.prefill(T::ChangeBoth, &organiser, &[&website]).await?;
    change.organiser.principal.mobile = orders::generated(PHONE).filing.organiser.principal.mobile;
    for service in &mut change.services {
        service.name.clone_from(&first_service(&company)?.name);
    }
    life.carry("change_both", "the company gets another phone, the first website its old name", change).await?;

    let mut access = life.prefill(T::ChangeAccess, &organiser, &[&website]).await?;
    for service in &mut access.services {
        service.access.addresses = vec!["198.51.100.7".to_owned()];
    }
    life.carry("change_access", "the first website's server gets another address", access).await?;

    let leaving = life.prefill(T::DeregisterService, &organiser, &[&second_website]).await?;
    life.carry("deregister_service", "the second website is given up", leaving).await?;
    life.expect_not_served(first_domain(&second)?).await?;

    let leaving = life.prefill(T::DeregisterOrganiser, &organiser, &[]).await?;
    life.carry("deregister_organiser", "the company gives up its whole record", leaving).await?;
    life.expect_not_served(first_domain(first_service(&company)?)?).await
}
