//! The two-person rule: which orders need a second reviewer, and what a reviewer's pass therefore is.

use icp_domain::Severity;
use serde::{Deserialize, Serialize};

use crate::order::{Command, Order, Phase, Rejection, RulesVerdict};

/// Which orders need two reviewers to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondOpinion {
    /// None.
    Off,
    /// Those with any finding.
    Advise,
    /// Those with a finding that a reviewer must look at.
    Review,
    /// Every one.
    All,
}

impl SecondOpinion {
    /// Whether an order needs it; `verdict` is what the rules say now.
    pub fn is_needed(self, order: &Order, verdict: &RulesVerdict) -> bool {
        let heaviest = order.findings.iter().chain(&verdict.findings).map(|finding| finding.severity).max();
        match self {
            Self::Off => false,
            Self::Advise => heaviest.is_some(),
            Self::Review => heaviest >= Some(Severity::Review),
            Self::All => true,
        }
    }

    /// What a reviewer's pass is: the last word, the first of two, or nothing because it was the reviewer's own.
    pub fn pass(self, order: &Order, verdict: RulesVerdict, reviewer: &str) -> Result<Command, Rejection> {
        if order.phase != Phase::ProviderReview || !self.is_needed(order, &verdict) {
            return Ok(Command::Pass(verdict));
        }
        match &order.first_pass {
            None => Ok(Command::PassFirst { verdict, reviewer: reviewer.to_owned() }),
            Some(first) if first == reviewer => Err(Rejection::SameReviewer(first.clone())),
            Some(_) => Ok(Command::Pass(verdict)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::desk::reasons;
    use crate::order::{decide, evolve};

    fn order(weights: &[Severity]) -> Order {
        let finding = |severity: &Severity| {
            let mut finding = reasons::find("N01").unwrap().at(String::new());
            finding.severity = *severity;
            finding
        };
        Order { phase: Phase::ProviderReview, findings: weights.iter().map(finding).collect(), ..Order::default() }
    }

    fn clean() -> RulesVerdict {
        RulesVerdict { digest: None, version: None, findings: Vec::new() }
    }

    #[test]
    fn the_rule_goes_by_the_heaviest_finding() {
        use SecondOpinion::{Advise, All, Off, Review};
        for (weights, expected) in [
            (&[][..], [false, false, false, true]),
            (&[Severity::Advise][..], [false, true, false, true]),
            (&[Severity::Advise, Severity::Review][..], [false, true, true, true]),
        ] {
            let order = order(weights);
            assert_eq!(
                [Off, Advise, Review, All].map(|rule| rule.is_needed(&order, &clean())),
                expected,
                "{weights:?}"
            );
        }
        let verdict = RulesVerdict { findings: order(&[Severity::Review]).findings, ..clean() };
        assert!(Review.is_needed(&order(&[]), &verdict), "what the rules find now counts as well");
    }

    #[test]
    fn two_different_reviewers_pass_an_order() {
        let pass = |order: &Order, who: &str| {
            SecondOpinion::All.pass(order, clean(), who).and_then(|command| decide(order, command))
        };
        let before = order(&[]);
        let after = pass(&before, "a").unwrap().iter().fold(before, evolve);
        assert_eq!((after.phase, after.first_pass.as_deref()), (Phase::ProviderReview, Some("a")));
        assert!(after.waits_for().contains("second reviewer"));
        assert_eq!(pass(&after, "a"), Err(Rejection::SameReviewer("a".to_owned())));
        let end = pass(&after, "b").unwrap().iter().fold(after, evolve);
        assert_eq!((end.phase, end.first_pass), (Phase::Queued, None));
    }
}
