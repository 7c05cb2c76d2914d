//! What can be asked.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The tool of the operator and of the rule author.
#[derive(Debug, Parser)]
#[command(name = "icpctl", version, disable_help_subcommand = true)]
pub struct Cli {
    /// Address of the bus [default: that of the running demo]
    #[arg(long, global = true, env = "ICP_NATS_URL", value_name = "URL")]
    pub nats: Option<String>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Root of the repository [default: found from the current folder upwards]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub root: Option<PathBuf>,
    /// What is asked.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Groups of verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The bureaus' rule modules: write, prove, publish, swap, look at
    Rules {
        /// What to do with them.
        #[command(subcommand)]
        verb: RulesVerb,
    },
    /// The audit trail of intake: fetch it, prove that nothing of it was changed
    Audit {
        /// What to do with it.
        #[command(subcommand)]
        verb: AuditVerb,
    },
}

/// Verbs on the audit trail.
#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// Write the trail as lines of JSON; it holds no personal data
    Export {
        #[command(flatten)]
        intake: IntakeArgs,
        /// Entries behind this number
        #[arg(long, default_value_t = 0, value_name = "SEQ")]
        after: u64,
        /// Where the lines go
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Follow the chain of hashes; tells the first entry that does not follow the one before
    Verify {
        /// An exported file from its first entry on, instead of a running intake
        file: Option<PathBuf>,
        /// Address of intake
        #[arg(long, env = "ICP_INTAKE_URL", value_name = "URL")]
        intake: Option<String>,
        /// File with the token of an auditor or operator
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
        /// A head that was published, as number and hash: the trail must hold it; may be given several times
        #[arg(long, value_name = "SEQ:HASH")]
        anchor: Vec<String>,
        /// Heads that `icpctl audit anchors` has kept: the trail must hold them all
        #[arg(long, value_name = "FILE")]
        anchors: Option<PathBuf>,
    },
    /// Keep the heads that intake publishes, a line of JSON each, in a file outside of its database
    Anchors {
        /// Where they are kept; those that are there stay
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Go on until ended; without it, ends with what the bus holds (7 days)
        #[arg(long)]
        follow: bool,
    },
}

/// Where intake is, and how it knows the caller.
#[derive(Debug, Args)]
pub struct IntakeArgs {
    /// Address of intake
    #[arg(long, env = "ICP_INTAKE_URL", value_name = "URL")]
    pub intake: String,
    /// File with the token of an auditor or operator
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
}

/// Verbs on rule modules.
#[derive(Debug, Subcommand)]
pub enum RulesVerb {
    /// Begin the rule book of a province: a crate and its first vectors
    New {
        /// Letters of the province, e.g. `gd`
        province: String,
    },
    /// Build the modules of a province, or of all, as `cargo xtask rules build`
    Build {
        /// Only this province; the modules of the others stay as they are
        province: Option<String>,
    },
    /// Run all vectors of a province in its built modules
    Test {
        /// Letters of the province
        province: String,
        /// Another module than the built ones
        #[arg(long, value_name = "WASM")]
        module: Option<PathBuf>,
    },
    /// Keys that sign modules
    Key {
        /// What to do with keys.
        #[command(subcommand)]
        verb: KeyVerb,
    },
    /// Sign a module: writes its release beside it
    Sign {
        /// The module
        module: PathBuf,
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Prove a module here and store it on the bus with its vectors; nothing becomes active
    Publish {
        /// The module
        module: PathBuf,
        #[command(flatten)]
        key: KeyArgs,
        /// A release that `sign` wrote, instead of a key
        #[arg(long, value_name = "FILE", conflicts_with = "key")]
        release: Option<PathBuf>,
        /// Make it active as well, or plan it for the day when it comes into force
        #[arg(long)]
        activate: bool,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Make a stored release active on every host; one that comes into force later is planned for its day
    Activate {
        /// Letters of the province
        province: String,
        /// Version, or the beginning of the digest
        release: String,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Let a stored release judge beside the active one on live orders
    Shadow {
        /// Letters of the province
        province: String,
        /// Version, or the beginning of the digest
        #[arg(required_unless_present = "end")]
        release: Option<String>,
        /// End the shadow of the province
        #[arg(long, conflicts_with = "release")]
        end: bool,
    },
    /// What the shadow of a province found, on all hosts together
    Report {
        /// Letters of the province
        province: String,
    },
    /// Take back what is planned; without a plan, make the release before the active one active again, on every host
    Rollback {
        /// Letters of the province
        province: String,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// What is active where, and what was refused why
    List {
        /// The releases that are stored on the bus instead
        #[arg(long)]
        stored: bool,
    },
    /// What a module says about itself, with every parameter and its source
    Show {
        /// Letters of the province
        province: String,
        /// A file instead of the active module
        #[arg(long, value_name = "WASM")]
        module: Option<PathBuf>,
    },
    /// Judge one order
    Judge {
        /// The order as JSON: a filing, or `{"filing", "context"}`
        order: PathBuf,
        /// A file instead of the active module
        #[arg(long, value_name = "WASM")]
        module: Option<PathBuf>,
        /// The day of the judgement, e.g. 2026-11-21 [default: today]
        #[arg(long, value_name = "DATE")]
        today: Option<chrono::NaiveDate>,
    },
    /// Judge the whole stock of filed services again and list what newly violates what
    Rejudge(RejudgeArgs),
    /// The stock of filed services as a file
    Stock {
        /// What to do with it.
        #[command(subcommand)]
        verb: StockVerb,
    },
}

/// Verbs on keys.
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Make a key; prints the line that makes a host trust it
    New {
        /// Its name
        id: String,
        /// Where the secret goes
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Verbs on the stock.
#[derive(Debug, Subcommand)]
pub enum StockVerb {
    /// Ask intake for all approved filings, with the token of a reviewer, and write them as lines of JSON
    Export {
        /// Letters of the province [default: all]
        province: Option<String>,
        /// Address of intake [default: that of the running demo]
        #[arg(long, env = "ICP_INTAKE_URL", value_name = "URL")]
        intake: Option<String>,
        /// File with the token of a reviewer [default: that of the running demo]
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
        /// Where the lines go; readable for this user alone
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Turn lines of JSON into the compact form, which is read many times faster
    Pack {
        /// Lines of `{"id", "filing", "context"?, "findings"?}`
        lines: PathBuf,
        /// The compact file
        out: PathBuf,
        /// The day of the judgement for filings without a context [default: today]
        #[arg(long, value_name = "DATE")]
        today: Option<chrono::NaiveDate>,
    },
}

/// The signing key.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// File of the signing key [default: that of the running demo]
    #[arg(long, env = "ICP_RULES_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// How long to wait for the hosts.
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// Wait so long until every host has answered, seconds; 0 does not wait
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub wait: u64,
}

/// Options of `rejudge`.
#[derive(Debug, Args)]
pub struct RejudgeArgs {
    /// The stock: lines of JSON, or the compact form of `stock pack`
    #[arg(long, value_name = "FILE")]
    pub stock: PathBuf,
    /// Letters of the province, or `all`
    #[arg(default_value = "all")]
    pub province: String,
    /// What judges: a file, a version or digest on the bus, or `active`; a file only for one province
    #[arg(long, default_value = "active")]
    pub with: String,
    /// What its findings are compared with: a file, a version or digest, or `active` [default: the findings on record]
    #[arg(long)]
    pub against: Option<String>,
    /// Where the filings that newly violate something go, as lines of JSON
    #[arg(long, default_value = "rejudge.ndjson", value_name = "FILE")]
    pub out: PathBuf,
    /// Keep the progress in this file, and go on from it when it exists
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// Findings below this weight do not count
    #[arg(long, value_enum, default_value_t = Weight::Review)]
    pub severity: Weight,
    /// The day of the judgement for filings without a context [default: today]
    #[arg(long, value_name = "DATE")]
    pub today: Option<chrono::NaiveDate>,
    /// Threads that judge [default: the processor's cores]
    #[arg(long)]
    pub threads: Option<usize>,
    /// Filings in one batch
    #[arg(long, default_value_t = 512)]
    pub batch: usize,
}

/// Weight of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Weight {
    /// Good to know.
    Advise,
    /// A reviewer must look at it.
    Review,
    /// The order cannot go on.
    Block,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
