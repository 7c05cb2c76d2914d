//! Why something was not done: what, why, and what to do about it.

use std::fmt::Display;
use std::process::ExitCode;

use icp_rules_host::publish::PublishError;
use icp_rules_host::{HostError, LoadError};
use serde::Serialize;

/// One refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What was not done.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// A refusal.
    pub fn new(what: impl Into<String>, why: impl Display, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.to_string(), remedy: remedy.into() }
    }

    /// Prints it to stderr; the exit status of a failure.
    pub fn print(&self, is_json: bool) -> ExitCode {
        if is_json {
            eprintln!("{}", serde_json::json!({ "error": self }));
        } else {
            eprintln!("error: {}: {}; {}", self.what, one_line(&self.why), self.remedy);
        }
        ExitCode::FAILURE
    }

    /// A module that was refused.
    pub fn refused(what: &str, error: &LoadError) -> Self {
        let remedy = match &error.vector {
            Some(failure) => format!("mend the rule or the vector `{}`, then build and test again", failure.vector),
            None => remedy_of(error).to_owned(),
        };
        Self::new(format!("{what} is refused at step {}", error.step), &error.reason, remedy)
    }
}

fn remedy_of(error: &LoadError) -> &'static str {
    use icp_rules_host::LoadStep;
    match error.step {
        LoadStep::Fetch => "publish the module again with `icpctl rules publish`",
        LoadStep::Digest => "sign the very bytes that are published",
        LoadStep::Signature => "sign with a key that the hosts trust (`intake.rules.keys`)",
        LoadStep::Compile | LoadStep::World => "build the module with `icpctl rules build`",
        LoadStep::Describe => "check province, version and effective period in the rule book",
        LoadStep::Vectors => "run `icpctl rules test`",
    }
}

/// Keeps every refusal on one line.
fn one_line(text: &str) -> String {
    text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        let remedy = match &error {
            PublishError::Bus { .. } => "check that the broker runs with JetStream and try again",
            PublishError::NoPrevious(_) => "activate a stored release by name; `icpctl rules list --stored` shows them",
            PublishError::NoneActive(_) => "activate a release first",
            PublishError::AlreadyPlanned(..) => "take the plan back first: icpctl rules rollback <province>",
            PublishError::NoneUntil(..) => "activate a release that is in force first",
            PublishError::Overtaken(_) => "look at `icpctl rules list` and try again",
            PublishError::Damaged(..) | PublishError::Json(_) => "publish the module again",
        };
        Self::new("the bus was asked in vain", error, remedy)
    }
}

impl From<HostError> for Problem {
    fn from(error: HostError) -> Self {
        Self::new("no rule module can run here", error, "give this process more memory and threads")
    }
}
