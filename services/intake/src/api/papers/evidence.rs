//! What the history of an order proves about its last submission.

use chrono::{DateTime, Utc};
use icp_domain::Finding;
use icp_papers::{Evidence, EvidenceKind, Outcome, Submission};
use serde::Deserialize;
use uuid::Uuid;

use crate::desk::policy::is_policy;
use crate::order::CheckResult;
use crate::store::HistoryRow;

/// What is on record about the last submission of an order.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub evidence: Vec<Evidence>,
    /// Whether it passed the provider's review, by a person or by policy.
    pub is_passed: bool,
    pub passed_at: Option<DateTime<Utc>>,
    pub received_at: Option<DateTime<Utc>>,
    /// When it was carried out: approved, or taken off the record.
    pub ended_at: Option<DateTime<Utc>>,
}

/// The events that a paper may rest on; everything else is passed over.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Submitted {
        attempt: u32,
    },
    /// The content is another one from here on: what was proved before is about something else.
    Amended,
    /// The same content once more: what was proved before is about this one too.
    Resubmitted {
        attempt: u32,
    },
    RulesJudged {
        digest: Option<String>,
        findings: Vec<Finding>,
    },
    IdentityVerified {
        #[serde(default)]
        results: Vec<CheckResult>,
    },
    AuthorityAnswered {
        #[serde(default)]
        results: Vec<CheckResult>,
    },
    Returned {},
    Passed,
    ReceivedByBureau {},
    Approved {},
    Cancelled {},
    #[serde(other)]
    Other,
}

impl Recorded {
    /// Reads the history, oldest event first.
    pub(super) fn of(order_id: Uuid, attempt: u32, history: &[HistoryRow]) -> Self {
        let mut recorded = Self::default();
        let mut returned = Vec::new();
        let mut current = 0;
        for row in history {
            let Ok(line) = serde_json::from_value::<Line>(row.event.clone()) else { continue };
            match line {
                Line::Submitted { attempt } => {
                    (recorded, returned) = Default::default();
                    current = attempt;
                }
                Line::Amended => (recorded, returned) = Default::default(),
                Line::Resubmitted { attempt } => {
                    let submission = Submission { order_id, attempt };
                    let again = |evidence| Evidence { submission, ..evidence };
                    recorded = Self { evidence: returned.drain(..).map(again).collect(), ..Self::default() };
                    current = attempt;
                }
                // Whoever returned it does not stand by it.
                Line::Returned {} => returned = std::mem::take(&mut recorded).evidence,
                line => recorded.add(Submission { order_id, attempt: current }, line, row),
            }
        }
        if current == attempt { recorded } else { Self::default() }
    }

    fn add(&mut self, submission: Submission, line: Line, row: &HistoryRow) {
        let at = row.at;
        let id = format!("history#{}", row.version);
        let results = |kind: EvidenceKind, results: Vec<CheckResult>| {
            let id = id.clone();
            results.into_iter().map(move |result| Evidence {
                submission,
                kind,
                check: result.check,
                field: result.field,
                outcome: match (result.open, result.passed) {
                    (true, _) => Outcome::Open,
                    (false, true) => Outcome::Passed,
                    // A register that answered gave its reference: without one it was silent, as older histories
                    // have it, and nothing could be traced to it.
                    (false, false) if kind == EvidenceKind::Authority && result.evidence.is_empty() => Outcome::Open,
                    (false, false) => Outcome::Failed,
                },
                id: if result.evidence.is_empty() { id.clone() } else { result.evidence },
                at,
            })
        };
        match line {
            Line::RulesJudged { digest, findings } => {
                self.evidence.extend(Evidence::of_rules(submission, digest.as_deref(), &findings, at));
            }
            Line::IdentityVerified { results: checks } => {
                self.evidence.extend(results(EvidenceKind::Identity, checks));
            }
            Line::AuthorityAnswered { results: answers } => {
                self.evidence.extend(results(EvidenceKind::Authority, answers));
            }
            Line::Passed => {
                self.is_passed = true;
                self.passed_at = Some(at);
                self.evidence.push(Evidence {
                    submission,
                    kind: if is_policy(&row.actor) { EvidenceKind::Policy } else { EvidenceKind::Reviewer },
                    check: "passed".to_owned(),
                    field: String::new(),
                    outcome: Outcome::Passed,
                    id,
                    at,
                });
            }
            Line::ReceivedByBureau {} => self.received_at = Some(at),
            Line::Approved {} | Line::Cancelled {} => self.ended_at = Some(at),
            Line::Submitted { .. } | Line::Amended | Line::Resubmitted { .. } | Line::Returned {} | Line::Other => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use icp_domain::OrderType;

    use super::*;
    use crate::order::{Event, RulesVerdict};

    fn history(events: &[serde_json::Value]) -> Vec<HistoryRow> {
        let row = |(event, version): (&serde_json::Value, i64)| HistoryRow {
            version,
            at: DateTime::from_timestamp(1_795_000_000 + version, 0).unwrap(),
            actor: "reviewer".to_owned(),
            event: event.clone(),
        };
        events.iter().zip(1..).map(row).collect()
    }

    fn event(event: &Event) -> serde_json::Value {
        serde_json::to_value(event).unwrap()
    }

    fn submitted(attempt: u32) -> Event {
        Event::Submitted { attempt, asks_sms: true, organiser_number: None, service_numbers: Vec::new() }
    }

    fn passed_once() -> Vec<serde_json::Value> {
        let results = vec![CheckResult {
            check: "document_kind".to_owned(),
            field: "organiser-certificate".to_owned(),
            passed: true,
            open: false,
            evidence: "e1".to_owned(),
        }];
        let verdict = RulesVerdict { digest: Some("5f".to_owned()), version: None, findings: Vec::new() };
        vec![
            event(&Event::Created { order_type: OrderType::FirstFiling, determination: None }),
            event(&submitted(1)),
            event(&Event::RulesJudged(verdict)),
            event(&Event::IdentityVerified { checks: 1, findings: Vec::new(), results }),
            event(&Event::ReviewRequested),
            event(&Event::Passed),
        ]
    }

    #[test]
    fn a_history_proves_what_its_events_say() {
        let recorded = Recorded::of(Uuid::nil(), 1, &history(&passed_once()));
        let kinds: Vec<EvidenceKind> = recorded.evidence.iter().map(|e| e.kind).collect();
        assert_eq!(kinds, [EvidenceKind::Rules, EvidenceKind::Identity, EvidenceKind::Reviewer]);
        assert_eq!(recorded.evidence[1].id, "e1");
        assert_eq!(recorded.evidence[2].id, "history#6");
        assert!(recorded.is_passed && recorded.received_at.is_none());
    }

    #[test]
    fn a_pass_by_policy_is_no_reviewers_pass() {
        let mut rows = history(&passed_once());
        rows.last_mut().unwrap().actor = format!("policy {}", "5f".repeat(32));
        let recorded = Recorded::of(Uuid::nil(), 1, &rows);
        assert_eq!(recorded.evidence.last().unwrap().kind, EvidenceKind::Policy);
        assert!(recorded.is_passed);
    }

    #[test]
    fn an_order_ends_approved_or_cancelled() {
        for end in [Event::Approved(Default::default()), Event::Cancelled(Default::default())] {
            let mut events = passed_once();
            assert_eq!(Recorded::of(Uuid::nil(), 1, &history(&events)).ended_at, None);
            events.push(event(&end));
            assert!(Recorded::of(Uuid::nil(), 1, &history(&events)).ended_at.is_some(), "{end:?}");
        }
    }

    #[test]
    fn results_are_open_failed_or_passed_also_those_of_older_histories() {
        let outcome = |result: serde_json::Value| {
            let mut events = passed_once();
            events[3]["results"] = serde_json::json!([result]);
            let recorded = Recorded::of(Uuid::nil(), 1, &history(&events));
            recorded.evidence.iter().find(|e| e.kind == EvidenceKind::Identity).map(|e| e.outcome)
        };
        let result = |passed: bool| serde_json::json!({"check": "document_kind", "field": "x", "passed": passed});
        assert_eq!(outcome(result(true)), Some(Outcome::Passed));
        assert_eq!(outcome(result(false)), Some(Outcome::Failed));
        let mut open = result(false);
        open["open"] = true.into();
        assert_eq!(outcome(open), Some(Outcome::Open));
    }

    #[test]
    fn a_register_that_gave_no_reference_speaks_against_nothing() {
        for (reference, expected) in [("", Outcome::Open), ("ENT-1", Outcome::Failed)] {
            let results = vec![CheckResult {
                check: "enterprise".to_owned(),
                field: "organiser.certificate.number".to_owned(),
                passed: false,
                open: false,
                evidence: reference.to_owned(),
            }];
            let registers = Default::default();
            let mut events = passed_once();
            events[3] = event(&Event::AuthorityAnswered { answers: 1, findings: Vec::new(), registers, results });
            let recorded = Recorded::of(Uuid::nil(), 1, &history(&events));
            let of_register = recorded.evidence.iter().find(|e| e.kind == EvidenceKind::Authority).unwrap();
            assert_eq!(of_register.outcome, expected, "{reference}");
        }
    }

    #[test]
    fn a_return_an_amendment_or_a_new_submission_ends_what_was_proved() {
        let returned = Event::Returned { by: icp_domain::Stage::Bureau, findings: Vec::new(), amendable: None };
        for (last, attempt) in [(returned, 1), (Event::Amended { material: None }, 1), (submitted(2), 2)] {
            let mut events = passed_once();
            events.push(event(&last));
            let recorded = Recorded::of(Uuid::nil(), attempt, &history(&events));
            assert!(recorded.evidence.is_empty() && !recorded.is_passed, "{last:?}");
        }
    }

    #[test]
    fn what_the_provider_hands_in_again_unchanged_stays_proved() {
        let mut events = passed_once();
        events.push(event(&Event::Returned { by: icp_domain::Stage::Bureau, findings: Vec::new(), amendable: None }));
        events.push(event(&Event::Resubmitted { attempt: 2 }));
        let judged = RulesVerdict { digest: Some("5f".to_owned()), version: None, findings: Vec::new() };
        events.extend([event(&Event::RulesJudged(judged)), event(&Event::Passed)]);
        let recorded = Recorded::of(Uuid::nil(), 2, &history(&events));
        assert!(recorded.evidence.iter().any(|evidence| evidence.id == "e1"));
        assert!(recorded.evidence.iter().all(|evidence| evidence.submission.attempt == 2));
        assert!(recorded.is_passed);
        events.push(event(&Event::Amended { material: None }));
        assert!(Recorded::of(Uuid::nil(), 2, &history(&events)).evidence.is_empty());
    }
}
