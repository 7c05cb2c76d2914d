//! The verbs on rule modules.

mod author;
mod judge;
mod key;
mod local;
mod release;
mod view;

pub use local::{Loaded, Local};

use crate::cli::{Cli, KeyVerb, RulesVerb, StockVerb};
use crate::output::Answer;
use crate::problem::Problem;
use crate::rejudge;

/// Does what is asked.
pub async fn run(verb: &RulesVerb, cli: &Cli) -> Result<Answer, Problem> {
    match verb {
        RulesVerb::New { province } => author::new(cli, province),
        RulesVerb::Build { province } => author::build(cli, province.as_deref()),
        RulesVerb::Test { province, module } => author::test(cli, province, module.as_deref()),
        RulesVerb::Key { verb: KeyVerb::New { id, out } } => key::new(id, out),
        RulesVerb::Sign { module, key } => key::sign(cli, module, key),
        RulesVerb::Publish { module, key, release, activate, wait } => {
            release::publish(cli, module, key, release.as_deref(), *activate, wait).await
        }
        RulesVerb::Activate { province, release, wait } => release::activate(cli, province, release, wait).await,
        RulesVerb::Shadow { province, release: Some(release), .. } => release::shadow(cli, province, release).await,
        RulesVerb::Shadow { province, release: None, .. } => release::end_shadow(cli, province).await,
        RulesVerb::Report { province } => view::report(cli, province).await,
        RulesVerb::Rollback { province, wait } => release::rollback(cli, province, wait).await,
        RulesVerb::List { stored: true } => view::stored(cli).await,
        RulesVerb::List { stored: false } => view::list(cli).await,
        RulesVerb::Show { province, module } => view::show(cli, province, module.as_deref()).await,
        RulesVerb::Judge { order, module, today } => judge::judge(cli, order, module.as_deref(), *today).await,
        RulesVerb::Rejudge(args) => rejudge::run(cli, args).await,
        RulesVerb::Stock { verb: StockVerb::Export { province, intake, token_file, out } } => {
            rejudge::export(cli, intake.as_deref(), token_file.as_deref(), out, province.as_deref()).await
        }
        RulesVerb::Stock { verb: StockVerb::Pack { lines, out, today } } => rejudge::pack(lines, out, *today),
    }
}
