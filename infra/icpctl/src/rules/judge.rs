//! Judging one order.

use std::path::Path;

use chrono::NaiveDate;
use icp_rules_host::Verdict;
use icp_rules_sdk::vector::summary;
use icp_rules_sdk::{Order, Severity};
use serde_json::json;

use super::Local;
use crate::cli::Cli;
use crate::output::{Answer, Table, short};
use crate::place;
use crate::problem::Problem;
use crate::rejudge::OrderFile;

/// Judges the order of a file.
pub async fn judge(cli: &Cli, path: &Path, module: Option<&Path>, today: Option<NaiveDate>) -> Result<Answer, Problem> {
    let remedy = "give a filing as JSON, as `POST /v1/orders` takes it, or {\"filing\", \"context\"}";
    let file = OrderFile::read(&place::read(path, remedy)?)
        .map_err(|why| Problem::new(format!("{} is not understood", path.display()), why, remedy))?;
    let (filing, context) = file.into_case(today);
    let local = Local::new()?;
    let loaded = local.load_named(cli, filing.province, module).await?;
    let info = loaded.module.info();
    let name = format!("{} {} ({})", info.province.letters(), info.version(), short(&info.digest));
    match local.host.judge_with(&loaded.module, &Order::from(&filing), &context) {
        Verdict::Unjudged { reason, .. } => Err(Problem::new(
            format!("{name} could not judge the order"),
            reason,
            "the order goes to manual review; mend the module",
        )),
        Verdict::Judged { findings, fuel_used, .. } => {
            let mut table = Table::new(&["FINDING", "MESSAGE", "REMEDY", "SOURCE"]);
            for finding in &findings {
                table.row([
                    summary(finding),
                    finding.message_zh.clone(),
                    finding.remedy_zh.clone(),
                    format!("{} ({})", finding.source.title, finding.source.as_of),
                ]);
            }
            let blocking = findings.iter().filter(|finding| finding.severity == Severity::Block).count();
            let verdict = match (blocking, findings.len()) {
                (0, 0) => "nothing is found".to_owned(),
                (0, all) => format!("{all} finding(s), none blocks"),
                (blocking, all) => format!("{all} finding(s), {blocking} block(s)"),
            };
            let listed = if table.is_empty() { String::new() } else { format!("\n{}", table.render()) };
            let json = json!({
                "province": info.province.letters(), "version": info.version(), "digest": info.digest,
                "findings": findings, "fuel_used": fuel_used,
            });
            Ok(Answer::new(format!("{name}: {verdict}{listed}"), json))
        }
    }
}
