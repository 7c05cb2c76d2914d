//! What continuous integration runs, step by step.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::workspace::{Workspace, run as run_command};
use crate::{platform, setup, tidy};

struct Step {
    name: &'static str,
    action: fn(&Workspace) -> Result<()>,
}

const STEPS: [Step; 5] = [
    Step { name: "format", action: |workspace| run_command(workspace.cargo().args(["fmt", "--all", "--check"])) },
    Step { name: "tidy", action: |workspace| tidy::run(&workspace.root) },
    Step {
        name: "clippy",
        action: |workspace| {
            run_command(workspace.cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        },
    },
    Step {
        name: "documentation",
        action: |workspace| {
            run_command(workspace.cargo().env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--workspace", "--no-deps"]))
        },
    },
    Step { name: "tests", action: |workspace| platform::test(workspace, &[]) },
];

struct Outcome {
    name: &'static str,
    took: Duration,
    result: Result<()>,
}

/// Runs all steps, or up to the first failure, and ends with a summary.
pub(crate) fn run(workspace: &Workspace, fail_fast: bool) -> Result<ExitCode> {
    setup::ensure_lint_tools()?;
    let mut outcomes = Vec::new();
    for step in STEPS {
        println!("\n=== {} ===", step.name);
        let started_at = Instant::now();
        let result = (step.action)(workspace);
        let failed = result.is_err();
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
        }
        outcomes.push(Outcome { name: step.name, took: started_at.elapsed(), result });
        if failed && fail_fast {
            break;
        }
    }
    let all_passed = outcomes.iter().all(|outcome| outcome.result.is_ok());
    println!("\n{}", summary(&outcomes, STEPS.len()));
    Ok(if all_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn summary(outcomes: &[Outcome], steps: usize) -> String {
    let mut lines: Vec<String> = outcomes
        .iter()
        .map(|outcome| {
            let verdict = if outcome.result.is_ok() { "ok    " } else { "FAILED" };
            format!("{verdict}  {:<14} {:>7.1} s", outcome.name, outcome.took.as_secs_f64())
        })
        .collect();
    let failed: Vec<&str> =
        outcomes.iter().filter(|outcome| outcome.result.is_err()).map(|outcome| outcome.name).collect();
    if !failed.is_empty() {
        lines.push(format!("failed: {}", failed.join(", ")));
    }
    let not_run = steps.saturating_sub(outcomes.len());
    if not_run > 0 {
        lines.push(format!("not run: {not_run} more"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_failed_and_what_was_not_run() {
        let outcome = |name, result| Outcome { name, took: Duration::from_millis(1_250), result };
        let outcomes = [outcome("format", Ok(())), outcome("tidy", Err(anyhow::anyhow!("long file")))];
        assert_eq!(
            summary(&outcomes, 5),
            "ok      format             1.2 s\nFAILED  tidy               1.2 s\nfailed: tidy\nnot run: 3 more"
        );
    }
}
