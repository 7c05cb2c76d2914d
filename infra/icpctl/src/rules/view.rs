//! What is active where, what a shadow found, what a module says about itself.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, FixedOffset};
use icp_domain::Province;
use icp_rules_host::Release;
use icp_rules_host::publish::{announced, shadowed, stored as stored_releases};
use icp_rules_host::status::{HostStatus, MergedReport, PRESENCE, Refusal, merged_report, statuses, today};
use icp_rules_sdk::{Confidence, Description, Severity};
use serde_json::json;

use super::Local;
use crate::bus;
use crate::cli::Cli;
use crate::output::{Answer, Table, short};
use crate::place;
use crate::problem::Problem;

/// What is active where.
pub async fn list(cli: &Cli) -> Result<Answer, Problem> {
    let jetstream = bus::connect(cli).await?;
    let hosts = statuses(&jetstream).await?;
    let present = hosts.get(PRESENCE).map_or(0, Vec::len);
    let today = today(&jetstream).await?;
    let mut table = Table::new(&["PROVINCE", "VERSION", "DIGEST", "HOSTS", "SINCE", "BEFORE", "NEXT", "SHADOW"]);
    let mut refusals = BTreeMap::new();
    let mut lines = Vec::new();
    for province in Province::ALL {
        let letters = province.letters();
        let (named, shadow) = (announced(&jetstream, province).await?, shadowed(&jetstream, province).await?);
        let named = named.map(|named| named.on(today));
        let of_province: &[HostStatus] = hosts.get(letters).map(Vec::as_slice).unwrap_or_default();
        // What a host refused is news as long as the bus names it; its status may be older than a rollback.
        let is_named = |refused: &Refusal| {
            let active = named.as_ref().map(|named| &named.release);
            let planned = named.as_ref().and_then(|named| named.next.as_ref());
            let mut names = [active, planned, shadow.as_ref()].into_iter().flatten();
            names.any(|named| named.digest == refused.release.digest)
        };
        for host in of_province {
            for refusal in refusals_of(host).filter(|refused| is_named(refused)) {
                refusals.insert((letters, refusal.release.digest.clone()), (host.host.clone(), refusal.clone()));
            }
        }
        let Some(named) = named else { continue };
        let runs =
            |host: &&HostStatus| host.active.as_ref().is_some_and(|active| active.digest == named.release.digest);
        let running = of_province.iter().filter(runs).count();
        let since = of_province.iter().filter(runs).map(|host| host.since_unix_s).max();
        table.row([
            letters.to_owned(),
            named.release.version.clone(),
            short(&named.release.digest).to_owned(),
            format!("{running}/{present}"),
            since.map(china_time).unwrap_or_default(),
            named.previous.as_ref().map(|release| release.version.clone()).unwrap_or_default(),
            named.next.as_ref().map(planned).unwrap_or_default(),
            shadow.as_ref().map(|release| release.version.clone()).unwrap_or_default(),
        ]);
        lines.push(json!({ "province": letters, "named": named, "shadow": shadow, "hosts": of_province }));
    }
    let mut text = match table.is_empty() {
        true => String::from("No province has an active module. `icpctl rules publish <wasm> --activate` makes one."),
        false => format!("{}{} provinces", table.render(), lines.len()),
    };
    for ((letters, _), (host, refusal)) in &refusals {
        text += &format!(
            "\n{letters} {} ({}) refused at step {} on {host}: {}",
            refusal.release.version,
            short(&refusal.release.digest),
            refusal.error.step,
            refusal.error.reason
        );
    }
    Ok(Answer::new(text, json!({ "provinces": lines })))
}

fn refusals_of(host: &HostStatus) -> impl Iterator<Item = &Refusal> {
    host.refused.iter().chain(&host.planned_refused).chain(&host.shadow_refused)
}

fn planned(release: &Release) -> String {
    let day = release.effective_from.map(|first| format!(" from {first}")).unwrap_or_default();
    format!("{}{day}", release.version)
}

/// What is stored on the bus.
pub async fn stored(cli: &Cli) -> Result<Answer, Problem> {
    let mut stored = stored_releases(&bus::connect(cli).await?).await?;
    stored.sort_by(|one, other| (&one.province, &one.release.version).cmp(&(&other.province, &other.release.version)));
    let mut table = Table::new(&["PROVINCE", "VERSION", "FROM", "DIGEST", "KEY", "BYTES"]);
    for module in &stored {
        table.row([
            module.province.clone(),
            module.release.version.clone(),
            module.release.effective_from.map(|first| first.to_string()).unwrap_or_default(),
            short(&module.release.digest).to_owned(),
            module.release.key_id.clone().unwrap_or_else(|| "unsigned".to_owned()),
            module.bytes.to_string(),
        ]);
    }
    Ok(Answer::new(table.render(), json!({ "stored": stored })))
}

/// What a shadow found.
pub async fn report(cli: &Cli, letters: &str) -> Result<Answer, Problem> {
    let province = place::province(letters)?;
    let merged = merged_report(&bus::connect(cli).await?, province).await?.ok_or_else(|| {
        let why = "no host has judged an order with a candidate";
        Problem::new(format!("{letters} has no report"), why, "begin with `icpctl rules shadow`, then wait for orders")
    })?;
    Ok(Answer::new(report_text(letters, &merged), json!({ "province": letters, "merged": merged })))
}

fn report_text(letters: &str, merged: &MergedReport) -> String {
    let report = &merged.report;
    let active = match report.active.version.as_str() {
        "" => "no order yet".to_owned(),
        version => format!("{version} ({})", short(&report.active.digest)),
    };
    let mut text = format!(
        "{letters}: candidate {} ({}) beside {active} on {} host(s)\n\
         {} orders judged by both: {} the same, {} differing; {} unjudged by the candidate, {} not compared\n",
        report.candidate.version,
        short(&report.candidate.digest),
        merged.hosts.len(),
        report.judged,
        report.same,
        report.differing,
        report.unjudged,
        report.dropped,
    );
    let mut table = Table::new(&["RULE", "APPEARED", "VANISHED", "SEVERITY CHANGED"]);
    for (rule, difference) in &report.rules {
        table.row([
            rule.clone(),
            difference.appeared.to_string(),
            difference.vanished.to_string(),
            difference.severity_changed.to_string(),
        ]);
    }
    if !table.is_empty() {
        text += &table.render();
    }
    if !report.examples.is_empty() {
        text += &format!("orders that differ, for example: {}\n", report.examples.join(" "));
    }
    if !merged.left_out.is_empty() {
        text += &format!("left out, because they compare other modules: {}\n", merged.left_out.join(" "));
    }
    text
}

/// What a module says about itself.
pub async fn show(cli: &Cli, letters: &str, module: Option<&Path>) -> Result<Answer, Problem> {
    let province = place::province(letters)?;
    let loaded = Local::new()?.load_named(cli, province, module).await?;
    let info = loaded.module.info();
    let description = &info.description;
    let json = json!({ "digest": info.digest, "contract": info.contract, "description": description });
    Ok(Answer::new(description_text(&info.digest, info.contract, description), json))
}

fn description_text(digest: &str, contract: &str, description: &Description) -> String {
    let until = description.effective_to.map(|date| format!(" to {}", date.iso())).unwrap_or_default();
    let mut table = Table::new(&["PARAMETER", "WEIGHT", "TRUST", "VALUE", "SOURCE"]);
    for parameter in &description.parameters {
        let weight = match parameter.severity {
            Severity::Advise => "advise",
            Severity::Review => "review",
            Severity::Block => "block",
        };
        let trust = match parameter.source.confidence {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        };
        table.row([
            parameter.name.clone(),
            weight.to_owned(),
            trust.to_owned(),
            cut(&parameter.value, 60),
            format!("{} ({})", parameter.source.title, parameter.source.as_of),
        ]);
    }
    format!(
        "{} {} ({}), version {}, contract {contract}, in force from {}{until}\nsha256 {digest}\n\n{}",
        description.province,
        description.bureau,
        short(digest),
        description.version,
        description.effective_from.iso(),
        table.render()
    )
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn china_time(unix_s: u64) -> String {
    let time = i64::try_from(unix_s).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let offset = FixedOffset::east_opt(8 * 3600);
    time.zip(offset)
        .map(|(time, offset)| time.with_timezone(&offset).format("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}
