//! The bus, and what is asked of it.

use std::time::Duration;

use async_nats::jetstream;
use icp_domain::Province;
use icp_rules_host::publish::{self, Announcement, Stored, StoredInfo};
use icp_rules_host::status::{self, HostStatus, Refusal};

use crate::cli::Cli;
use crate::output::short;
use crate::place;
use crate::problem::Problem;

const CONNECT_BOUND: Duration = Duration::from_secs(5);
const ASK_EVERY: Duration = Duration::from_millis(200);

/// The bus that the command line names, or that of the running demo.
pub async fn connect(cli: &Cli) -> Result<jetstream::Context, Problem> {
    let of_demo = || place::demo(cli.root.as_deref()).map(|demo| demo.nats);
    let url = cli.nats.clone().or_else(of_demo).ok_or_else(|| {
        Problem::new("no bus is named", "no demo is running here", "give --nats <url> or set ICP_NATS_URL")
    })?;
    let failed = |why: String| {
        Problem::new(format!("the bus at {url} does not answer"), why, "start it, or name another with --nats")
    };
    let client = tokio::time::timeout(CONNECT_BOUND, async_nats::connect(&url))
        .await
        .map_err(|_| failed(format!("nothing within {} s", CONNECT_BOUND.as_secs())))?
        .map_err(|error| failed(error.to_string()))?;
    Ok(jetstream::new(client))
}

/// The stored release of a province with this version, or whose digest begins so.
pub async fn stored(jetstream: &jetstream::Context, province: Province, name: &str) -> Result<StoredInfo, Problem> {
    let letters = province.letters();
    let mut of_province: Vec<StoredInfo> =
        publish::stored(jetstream).await?.into_iter().filter(|stored| stored.province == letters).collect();
    let known: Vec<String> = of_province
        .iter()
        .map(|stored| format!("{} ({})", stored.release.version, short(&stored.release.digest)))
        .collect();
    of_province.retain(|stored| stored.release.version == name || stored.release.digest.starts_with(name));
    match of_province.len() {
        1 => Ok(of_province.remove(0)),
        0 => Err(Problem::new(
            format!("no release {name} of {letters} is stored"),
            if known.is_empty() { "none is".to_owned() } else { format!("stored are {}", known.join(", ")) },
            "publish it first with `icpctl rules publish`",
        )),
        _ => Err(Problem::new(
            format!("{name} names several releases of {letters}"),
            format!("stored are {}", known.join(", ")),
            "name it by the beginning of its digest",
        )),
    }
}

/// What the bus names for a province, as it stands today.
pub async fn announced(jetstream: &jetstream::Context, province: Province) -> Result<Option<Announcement>, Problem> {
    match publish::announced(jetstream, province).await? {
        Some(announced) if announced.next.is_some() => Ok(Some(announced.on(status::today(jetstream).await?))),
        announced => Ok(announced),
    }
}

/// The bytes and vectors of the active release.
pub async fn active(jetstream: &jetstream::Context, province: Province) -> Result<Stored, Problem> {
    let announced = announced(jetstream, province).await?.ok_or_else(|| {
        let what = format!("{} has no active module", province.letters());
        Problem::new(what, "the bus names none", "activate one, or name a file with --module")
    })?;
    Ok(publish::fetch(jetstream, &announced.release.digest).await?)
}

/// What is awaited of a release on every host.
#[derive(Debug, Clone, Copy)]
pub enum Awaited {
    /// That it judges.
    Active,
    /// That it is held ready for its day.
    Planned,
}

impl Awaited {
    fn is_reached(self, status: &HostStatus, digest: &str) -> bool {
        let named = match self {
            Self::Active => &status.active,
            Self::Planned => &status.planned,
        };
        named.as_ref().is_some_and(|module| module.digest == digest)
    }

    fn refusal<'s>(self, status: &'s HostStatus, digest: &str) -> Option<&'s Refusal> {
        let refused = match self {
            Self::Active => &status.refused,
            Self::Planned => &status.planned_refused,
        };
        refused.as_ref().filter(|refusal| refusal.release.digest == digest)
    }
}

/// Waits until every living host runs this digest, or holds it ready, or one has refused it.
pub async fn wait_for_hosts(
    jetstream: &jetstream::Context,
    province: Province,
    digest: &str,
    wait: Duration,
    awaited: Awaited,
) -> Result<Vec<HostStatus>, Problem> {
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        let all = status::statuses(jetstream).await?;
        let hosts = all.get(status::PRESENCE).cloned().unwrap_or_default().into_iter();
        let told = all.get(province.letters()).map(Vec::as_slice).unwrap_or_default();
        // A host that has said nothing about the province yet is behind.
        let hosts: Vec<HostStatus> = hosts
            .map(|present| told.iter().find(|status| status.host == present.host).cloned().unwrap_or(present))
            .collect();
        let refused = |host: &HostStatus| {
            let refusal = awaited.refusal(host, digest)?;
            Some(Problem::refused(&format!("the release on host {}", host.host), &refusal.error))
        };
        if let Some(problem) = hosts.iter().find_map(refused) {
            return Err(problem);
        }
        let is_behind = |host: &&HostStatus| !awaited.is_reached(host, digest);
        let behind: Vec<&str> = hosts.iter().filter(is_behind).map(|host| host.host.as_str()).collect();
        if !hosts.is_empty() && behind.is_empty() {
            return Ok(hosts);
        }
        if tokio::time::Instant::now() >= deadline {
            let why = match hosts.is_empty() {
                true => format!("no host has answered within {} s", wait.as_secs()),
                false => format!("no answer within {} s from {}", wait.as_secs(), behind.join(", ")),
            };
            let what = format!("{} is named on the bus, but not running everywhere", short(digest));
            return Err(Problem::new(what, why, "start the hosts and look at `icpctl rules list`"));
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
