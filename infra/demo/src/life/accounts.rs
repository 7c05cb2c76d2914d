//! Who holds a record: claimed by an account, then transferred to another. The bureau never hears of it.

use anyhow::{Context as _, ensure};
use icp_domain::{Filing, OrderType};
use reqwest::{Method, StatusCode};

use super::{Life, input, question};
use crate::orders;
use crate::story::Actors;
use crate::world::ISP_ID_V3;

/// The generated company in Guangdong that this provider filed before there was an account.
const COMPANY: u32 = 70_028;

pub(super) async fn record(life: &Life<'_>) -> anyhow::Result<()> {
    let company = orders::generated(COMPANY).filing;
    life.register(&[&company]).await?;
    let (organiser, _) = life.seed(&company, Some(ISP_ID_V3)).await?;
    let of_type = |order_type| {
        let mut filing = Filing { order_type, services: Vec::new(), ..company.clone() };
        filing.organiser.number = Some(organiser.clone());
        filing
    };
    life.carry("claim", "an account claims a record that nobody holds", of_type(OrderType::Claim)).await?;

    let Actors { applicant, other, .. } = life.actors;
    let found = other.determine(&question(&company)).await?;
    ensure!(found["status"] == "blocked", "another account may file for an organiser that is held: {found}");
    let way_out = found["findings"][0]["remedy"].as_str().context("the block names no way out")?;
    life.tell(format!("determination for another account: blocked; the way out: {way_out}"));

    let transfer = of_type(OrderType::Transfer);
    let id = life.hand_in(other, &transfer, None).await?;
    let answer = applicant.send(Method::POST, &format!("/v1/orders/{id}/consent"), None, None).await?;
    answer.ok().context("the holder's consent was refused")?;
    let ended = life.actors.ended(other, &input("transfer", transfer), id).await?;
    life.keep("the record goes to another account, whose holder agrees", ended)?;

    let path = format!("/v1/archive/organisers/{organiser}");
    let seen = other.send(Method::GET, &path, None, None).await?.status;
    let still = applicant.send(Method::GET, &path, None, None).await?.status;
    ensure!(
        (seen, still) == (StatusCode::OK, StatusCode::NOT_FOUND),
        "the record was not handed over: {seen}, {still}"
    );
    Ok(())
}
