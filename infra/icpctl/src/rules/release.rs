//! Publish, activate, shadow, roll back.

use std::path::Path;
use std::time::Duration;

use async_nats::jetstream;
use icp_domain::Province;
use icp_rules_host::{Host, HostConfig, Release, publish as releases, status};
use serde_json::json;

use super::local::vectors;
use super::{Local, key};
use crate::bus::{self, Awaited};
use crate::cli::{Cli, KeyArgs, WaitArgs};
use crate::output::{Answer, short};
use crate::place;
use crate::problem::Problem;

/// Proves a module here as the hosts will, and stores it on the bus.
pub async fn publish(
    cli: &Cli,
    module: &Path,
    key_args: &KeyArgs,
    release: Option<&Path>,
    is_to_be_active: bool,
    wait: &WaitArgs,
) -> Result<Answer, Problem> {
    let name = module.display().to_string();
    let bytes = place::read(module, "build it with `icpctl rules build`")?;
    let local = Local::new()?;
    let (province, description) = local.describe(&name, &bytes)?;
    let (release, config) = match release {
        // Whether the hosts trust its key is for them to say; here it cannot be known.
        Some(path) => (key::read_release(path)?, HostConfig { signature_required: false, ..HostConfig::default() }),
        None => {
            let key = key::read(cli, key_args)?;
            (
                key.release(&bytes, &description),
                HostConfig { trusted_keys: vec![key.trusted()], ..HostConfig::default() },
            )
        }
    };
    let vectors = vectors(&place::root(cli.root.as_deref())?, province.letters(), &description.version)?;
    Host::new(config)?.load(province, &bytes, &release, &vectors).map_err(|error| Problem::refused(&name, &error))?;

    let jetstream = bus::connect(cli).await?;
    releases::store(&jetstream, province, &release, &bytes, &vectors).await?;
    if is_to_be_active {
        return announce(&jetstream, province, &release, wait).await;
    }
    let today = status::today(&jetstream).await?;
    let day = match release.effective_from.filter(|_| !release.is_in_force(today)) {
        Some(first) => format!(" on {first}, when it comes into force"),
        None => String::new(),
    };
    let text = format!(
        "{} {} ({}) holds its {} vectors and is stored. It does not judge yet: \
         `icpctl rules shadow {0} {1}` lets it judge beside the active one, `icpctl rules activate {0} {1}` makes it \
         active{day}",
        province.letters(),
        release.version,
        short(&release.digest),
        vectors.len()
    );
    Ok(Answer::new(text, json!({ "province": province.letters(), "release": release, "vectors": vectors.len() })))
}

/// Makes a stored release active.
pub async fn activate(cli: &Cli, letters: &str, name: &str, wait: &WaitArgs) -> Result<Answer, Problem> {
    let province = place::province(letters)?;
    let jetstream = bus::connect(cli).await?;
    let stored = bus::stored(&jetstream, province, name).await?;
    announce(&jetstream, province, &stored.release, wait).await
}

async fn announce(
    jetstream: &jetstream::Context,
    province: Province,
    release: &Release,
    wait: &WaitArgs,
) -> Result<Answer, Problem> {
    let announcement = releases::announce(jetstream, province, release).await?;
    match announcement.next.filter(|next| next.digest == release.digest) {
        Some(planned) => tell_plan(jetstream, province, &planned, &announcement.release, wait).await,
        None => tell(jetstream, province, release, wait, "active").await,
    }
}

/// Takes back what is planned, or else goes back to the release before the active one.
pub async fn rollback(cli: &Cli, letters: &str, wait: &WaitArgs) -> Result<Answer, Problem> {
    let province = place::province(letters)?;
    let jetstream = bus::connect(cli).await?;
    if let Some(planned) = releases::withdraw(&jetstream, province).await? {
        let day = planned.effective_from.map(|first| format!(" for {first}")).unwrap_or_default();
        let name = format!("{letters} {} ({})", planned.version, short(&planned.digest));
        let text = format!("the plan of {name}{day} is taken back; what is active stays");
        return Ok(Answer::new(text, json!({ "province": letters, "withdrawn": planned })));
    }
    let announcement = releases::rollback(&jetstream, province).await?;
    tell(&jetstream, province, &announcement.release, wait, "active again").await
}

/// Waits for the hosts and says how many run it.
async fn tell(
    jetstream: &jetstream::Context,
    province: Province,
    release: &Release,
    wait: &WaitArgs,
    state: &str,
) -> Result<Answer, Problem> {
    let name = format!("{} {} ({})", province.letters(), release.version, short(&release.digest));
    if wait.wait == 0 {
        let text = format!("{name} is named {state}; `icpctl rules list` shows which hosts run it");
        return Ok(Answer::new(text, json!({ "province": province.letters(), "release": release })));
    }
    let names = hosts_with(jetstream, province, release, wait, Awaited::Active).await?;
    let text = format!("{name} is {state} on {} host(s): {}", names.len(), names.join(", "));
    Ok(Answer::new(text, json!({ "province": province.letters(), "release": release, "hosts": names })))
}

/// Waits until the hosts hold a planned release ready, and says until when what judges.
async fn tell_plan(
    jetstream: &jetstream::Context,
    province: Province,
    planned: &Release,
    until_then: &Release,
    wait: &WaitArgs,
) -> Result<Answer, Problem> {
    let letters = province.letters();
    let held = if wait.wait == 0 {
        None
    } else {
        Some(hosts_with(jetstream, province, planned, wait, Awaited::Planned).await?)
    };
    let day = planned.effective_from.map(|first| first.to_string()).unwrap_or_default();
    let ready = held.as_ref().map_or_else(String::new, |hosts| {
        format!("; {} host(s) have proved it and hold it ready: {}", hosts.len(), hosts.join(", "))
    });
    let text = format!(
        "{letters} {} ({}) becomes active at the beginning of {day}, Chinese time{ready}\n\
         Until then {letters} {} judges. `icpctl rules rollback {letters}` takes the plan back.",
        planned.version,
        short(&planned.digest),
        until_then.version
    );
    Ok(Answer::new(text, json!({ "province": letters, "planned": planned, "hosts": held })))
}

/// Waits for the hosts; their names.
async fn hosts_with(
    jetstream: &jetstream::Context,
    province: Province,
    release: &Release,
    wait: &WaitArgs,
    awaited: Awaited,
) -> Result<Vec<String>, Problem> {
    let wait = Duration::from_secs(wait.wait);
    let hosts = bus::wait_for_hosts(jetstream, province, &release.digest, wait, awaited).await?;
    Ok(hosts.into_iter().map(|host| host.host).collect())
}

/// Begins a shadow.
pub async fn shadow(cli: &Cli, letters: &str, name: &str) -> Result<Answer, Problem> {
    let province = place::province(letters)?;
    let jetstream = bus::connect(cli).await?;
    let stored = bus::stored(&jetstream, province, name).await?;
    let active = bus::announced(&jetstream, province).await?;
    if active.is_some_and(|active| active.release.digest == stored.release.digest) {
        let why = "it is the active module already";
        return Err(Problem::new(format!("{letters} {name} cannot be a shadow"), why, "name another release"));
    }
    releases::shadow(&jetstream, province, &stored.release).await?;
    let text = format!(
        "{letters} {} ({}) judges beside the active module; see `icpctl rules report {letters}`",
        stored.release.version,
        short(&stored.release.digest)
    );
    Ok(Answer::new(text, json!({ "province": letters, "shadow": stored.release })))
}

/// Ends a shadow.
pub async fn end_shadow(cli: &Cli, letters: &str) -> Result<Answer, Problem> {
    let province = place::province(letters)?;
    let jetstream = bus::connect(cli).await?;
    let ended = releases::shadowed(&jetstream, province).await?.ok_or_else(|| {
        Problem::new(format!("{letters} has no shadow"), "the bus names none", "look at `icpctl rules list`")
    })?;
    releases::end_shadow(&jetstream, province).await?;
    let text = format!("the shadow of {letters} {} has ended; its report stays", ended.version);
    Ok(Answer::new(text, json!({ "province": letters, "ended": ended })))
}
