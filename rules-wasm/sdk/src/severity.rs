//! Severities as a provider configures them: raised, lowered or off, without touching a module.

use serde::{Deserialize, Serialize};

use crate::{Finding, Severity};

/// The weight that a provider gives to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfiguredSeverity {
    /// The rule does not speak.
    Off,
    /// Good to know.
    Advise,
    /// A reviewer must look at it.
    Review,
    /// The order cannot go on.
    Block,
}

/// One line of the configuration, e.g. `{ province = "gd", rule = "name_deny_person", severity = "review" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityOverride {
    /// Letters of the province; absent: every province.
    #[serde(default)]
    pub province: Option<String>,
    /// The rule's stable name, as findings and `describe` say it.
    pub rule: String,
    /// What it weighs.
    pub severity: ConfiguredSeverity,
}

/// All lines. A line of a province wins over one of every province, a later one over an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeverityOverrides {
    /// The lines.
    pub lines: Vec<SeverityOverride>,
}

impl SeverityOverrides {
    /// What the configuration says of a rule.
    pub fn of(&self, province: &str, rule: &str) -> Option<ConfiguredSeverity> {
        let lines = || self.lines.iter().rev().filter(|line| line.rule == rule);
        lines()
            .find(|line| line.province.as_deref() == Some(province))
            .or_else(|| lines().find(|line| line.province.is_none()))
            .map(|line| line.severity)
    }

    /// The findings with the configured weights; those of rules that are off are left out.
    pub fn apply(&self, province: &str, findings: Vec<Finding>) -> Vec<Finding> {
        if self.lines.is_empty() {
            return findings;
        }
        let weigh = |mut finding: Finding| {
            finding.severity = match self.of(province, &finding.rule) {
                None => finding.severity,
                Some(ConfiguredSeverity::Off) => return None,
                Some(ConfiguredSeverity::Advise) => Severity::Advise,
                Some(ConfiguredSeverity::Review) => Severity::Review,
                Some(ConfiguredSeverity::Block) => Severity::Block,
            };
            Some(finding)
        };
        findings.into_iter().filter_map(weigh).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::national::PROVIDERS_AGREE;

    fn finding(rule: &str) -> Finding {
        Finding {
            code: "N01".to_owned(),
            rule: rule.to_owned(),
            severity: Severity::Review,
            field: String::new(),
            message_zh: String::new(),
            message_en: String::new(),
            remedy_zh: String::new(),
            remedy_en: String::new(),
            source: PROVIDERS_AGREE.into(),
        }
    }

    #[test]
    fn a_line_of_the_province_wins_and_off_is_silent() {
        let overrides: SeverityOverrides = serde_json::from_value(serde_json::json!([
            {"province": "gd", "rule": "a", "severity": "block"},
            {"rule": "a", "severity": "advise"},
            {"province": "zj", "rule": "b", "severity": "off"},
        ]))
        .unwrap();
        let weights = |province: &str| -> Vec<(String, Severity)> {
            let findings = vec![finding("a"), finding("b"), finding("c")];
            overrides.apply(province, findings).into_iter().map(|finding| (finding.rule, finding.severity)).collect()
        };
        let expected = |list: &[(&str, Severity)]| -> Vec<(String, Severity)> {
            list.iter().map(|(rule, severity)| ((*rule).to_owned(), *severity)).collect()
        };
        assert_eq!(
            weights("gd"),
            expected(&[("a", Severity::Block), ("b", Severity::Review), ("c", Severity::Review)])
        );
        assert_eq!(weights("zj"), expected(&[("a", Severity::Advise), ("c", Severity::Review)]));
        assert!(serde_json::from_str::<SeverityOverrides>(r#"[{"rule": "a", "severity": "loud"}]"#).is_err());
    }
}
