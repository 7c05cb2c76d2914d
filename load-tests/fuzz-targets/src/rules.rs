//! The bytes that cross the border of a rule module, in both directions, and modules themselves.

use std::sync::{Arc, LazyLock};

use icp_rules_host::{Host, HostConfig};
use icp_rules_sdk::batch::{decode_answers, judge, judge_encoded};
use icp_rules_sdk::judge::BriefFinding;
use icp_rules_sdk::national::NATIONAL;

use crate::Outcome;

/// Cases as a module gets them: both ways of judging agree on what is a case, and on what is found.
pub fn batch(input: &[u8]) -> Outcome {
    let long = judge(&NATIONAL, input);
    let brief = judge_encoded(&NATIONAL, input);
    match (&long, &brief) {
        (Ok(long), Ok(brief)) => {
            let found: Result<Vec<_>, _> = decode_answers(brief).collect();
            let expected = long.iter().map(|findings| findings.iter().map(BriefFinding::from).collect()).collect();
            assert_eq!(found, Ok(expected));
        }
        (long, brief) => assert_eq!(long.as_ref().err(), brief.as_ref().err()),
    }
    Outcome::of(&long)
}

/// Findings as a module gives them back.
pub fn answers(input: &[u8]) -> Outcome {
    Outcome::of(&decode_answers(input).collect::<Result<Vec<_>, _>>())
}

/// A module that somebody offers: compiled, linked and asked who it is.
pub fn module(input: &[u8]) -> Outcome {
    static HOST: LazyLock<Option<Arc<Host>>> = LazyLock::new(|| {
        let limits = HostConfig { signature_required: false, module_bytes_max: 1 << 20, ..HostConfig::default() };
        Host::new(limits).ok()
    });
    assert!(HOST.is_some(), "no host can be made");
    let Some(host) = HOST.as_ref() else { return Outcome::Refused };
    Outcome::of(&host.load_as_described(input))
}
