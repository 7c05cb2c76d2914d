#![allow(clippy::unwrap_used, clippy::panic)]

use icp_domain::{Finding, Severity, Stage};
use proptest::prelude::*;

use super::*;

fn finding(severity: Severity, stage: Stage) -> Finding {
    Finding {
        code: "X01".to_owned(),
        stage,
        severity,
        field: "services[0].name".to_owned(),
        message_zh: "示例".to_owned(),
        message_en: "example".to_owned(),
        remedy: "mend it".to_owned(),
        source: None,
    }
}

fn verdict(blocking: bool) -> RulesVerdict {
    let severity = if blocking { Severity::Block } else { Severity::Advise };
    RulesVerdict {
        digest: Some("digest".to_owned()),
        version: Some("1.0.0".to_owned()),
        findings: vec![finding(severity, Stage::Rules)],
    }
}

fn order_in(phase: Phase) -> Order {
    Order { phase, version: 5, attempt: 1, ..Order::default() }
}

/// Every kind of command, for attempt 1.
fn commands() -> Vec<(&'static str, Command)> {
    let clean = Vec::new;
    vec![
        ("amend", Command::Amend),
        ("submit", Command::Submit(verdict(false))),
        ("submit-blocked", Command::Submit(verdict(true))),
        ("withdraw", Command::Withdraw),
        ("expire", Command::Expire),
        ("identity", Command::IdentityAnswered { attempt: 1, checks: 4, findings: clean() }),
        ("authority", Command::AuthorityAnswered { attempt: 1, answers: 3, findings: clean() }),
        ("pass", Command::Pass(verdict(false))),
        ("pass-blocked", Command::Pass(verdict(true))),
        ("pass-first", Command::PassFirst { verdict: verdict(false), reviewer: "reviewer".to_owned() }),
        ("pass-first-blocked", Command::PassFirst { verdict: verdict(true), reviewer: "reviewer".to_owned() }),
        ("return", Command::Return(vec![finding(Severity::Block, Stage::Review)])),
        (
            "return-in-words",
            Command::ReturnInWords {
                findings: vec![finding(Severity::Block, Stage::Review)],
                words: "cipher".to_owned(),
            },
        ),
        ("return-no-reason", Command::Return(clean())),
        ("received", Command::BureauReceived { attempt: 1, data_sequence: 7 }),
        (
            "approved",
            Command::BureauApproved {
                attempt: 1,
                organiser_number: "粤ICP备2026000001号".to_owned(),
                service_numbers: vec!["粤ICP备2026000001号-1".to_owned()],
            },
        ),
        (
            "rejected",
            Command::BureauRejected {
                attempt: 1,
                results: vec![BureauResult { code: 1020, text: "网站名称冲突".to_owned() }],
                sms_timeout: false,
            },
        ),
    ]
}

/// The phase after a command; `=` where nothing happens, `!` where it is refused.
fn outcome(phase: Phase, command: Command) -> String {
    let order = order_in(phase);
    match decide(&order, command) {
        Err(_) => "!".to_owned(),
        Ok(events) if events.is_empty() => "=".to_owned(),
        Ok(events) => events.iter().fold(order, evolve).phase.as_str().to_owned(),
    }
}

#[test]
fn state_times_command() {
    // One row per phase in the order of `commands()`; `=` nothing happens, `!` refused, `.` the phase stays.
    let table = "
        draft           | . checking returned withdrawn expired = = ! ! ! ! ! ! ! = = =
        checking        | ! ! ! withdrawn = . . ! ! ! ! ! ! ! = = =
        provider_review | ! ! ! withdrawn = = = queued ! . ! returned returned ! = = =
        queued          | ! ! ! ! = = = ! ! ! ! ! ! ! at_bureau approved returned
        at_bureau       | ! ! ! ! = = = ! ! ! ! ! ! ! = approved returned
        approved        | ! ! ! ! = = = ! ! ! ! ! ! ! = = =
        returned        | . checking returned withdrawn expired = = ! ! ! ! ! ! ! = = =
        withdrawn       | ! ! ! ! = = = ! ! ! ! ! ! ! = = =
        expired         | ! ! ! ! = = = ! ! ! ! ! ! ! = = =";
    let rows: Vec<&str> = table.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(rows.len(), Phase::ALL.len());
    for row in rows {
        let (phase_text, cells) = row.split_once('|').unwrap();
        let phase = Phase::parse(phase_text.trim()).unwrap();
        let cells: Vec<&str> = cells.split_whitespace().collect();
        assert_eq!(cells.len(), commands().len(), "{phase_text}");
        for ((name, command), cell) in commands().into_iter().zip(cells) {
            let expected = if cell == "." { phase.as_str() } else { cell };
            assert_eq!(outcome(phase, command), expected, "{} × {name}", phase.as_str());
        }
    }
}

#[test]
fn both_checks_lead_to_review_in_either_order() {
    let identity = Command::IdentityAnswered { attempt: 1, checks: 4, findings: Vec::new() };
    let authority = Command::AuthorityAnswered { attempt: 1, answers: 3, findings: Vec::new() };
    for pair in [[identity.clone(), authority.clone()], [authority, identity]] {
        let mut order = order_in(Phase::Checking);
        for command in pair {
            assert_eq!(order.phase, Phase::Checking);
            order = decide(&order, command).unwrap().iter().fold(order, evolve);
        }
        assert_eq!(order.phase, Phase::ProviderReview);
    }
}

#[test]
fn a_blocking_check_waits_for_the_other_and_returns_all_findings_at_once() {
    let mut order = order_in(Phase::Checking);
    let blocking = vec![finding(Severity::Block, Stage::Identity)];
    let command = Command::IdentityAnswered { attempt: 1, checks: 4, findings: blocking };
    order = decide(&order, command).unwrap().iter().fold(order, evolve);
    assert_eq!(order.phase, Phase::Checking);
    let command = Command::AuthorityAnswered {
        attempt: 1,
        answers: 3,
        findings: vec![finding(Severity::Review, Stage::Authority)],
    };
    let events = decide(&order, command).unwrap();
    assert!(matches!(events.last(), Some(Event::Returned { by: Stage::Identity, findings }) if findings.len() == 2));
}

#[test]
fn a_rule_that_blocks_returns_the_order_before_anybody_looks_at_it() {
    let events = decide(&order_in(Phase::Draft), Command::Submit(verdict(true))).unwrap();
    let order = events.iter().fold(order_in(Phase::Draft), evolve);
    assert_eq!(order.phase, Phase::Returned);
    assert!(matches!(events.last(), Some(Event::Returned { by: Stage::Rules, .. })));
    assert!(!events.contains(&Event::ReviewRequested));
}

#[test]
fn an_answer_of_the_bureau_that_overtakes_its_receipt_counts() {
    let command = Command::BureauApproved {
        attempt: 1,
        organiser_number: "粤ICP备2026000001号".to_owned(),
        service_numbers: Vec::new(),
    };
    let events = decide(&order_in(Phase::Queued), command).unwrap();
    assert!(matches!(events.as_slice(), [Event::ReceivedByBureau { .. }, Event::Approved { .. }]));
}

#[test]
fn an_sms_timeout_says_how_to_go_on() {
    let command = Command::BureauRejected {
        attempt: 1,
        results: vec![BureauResult { code: 1999, text: "短信核验超时，自动退回".to_owned() }],
        sms_timeout: true,
    };
    let events = decide(&order_in(Phase::AtBureau), command).unwrap();
    let Some(Event::Returned { findings, .. }) = events.first() else { panic!("{events:?}") };
    assert_eq!(findings[0].code, "V05");
    assert!(findings[0].remedy.contains("24 hours"));
}

fn any_command() -> impl Strategy<Value = Command> {
    let count = commands().len();
    (0..count, 0_u32..4).prop_map(|(index, attempt)| with_attempt(commands().swap_remove(index).1, attempt))
}

fn with_attempt(command: Command, new: u32) -> Command {
    match command {
        Command::IdentityAnswered { checks, findings, .. } => {
            Command::IdentityAnswered { attempt: new, checks, findings }
        }
        Command::AuthorityAnswered { answers, findings, .. } => {
            Command::AuthorityAnswered { attempt: new, answers, findings }
        }
        Command::BureauReceived { data_sequence, .. } => Command::BureauReceived { attempt: new, data_sequence },
        Command::BureauApproved { organiser_number, service_numbers, .. } => {
            Command::BureauApproved { attempt: new, organiser_number, service_numbers }
        }
        Command::BureauRejected { results, sms_timeout, .. } => {
            Command::BureauRejected { attempt: new, results, sms_timeout }
        }
        other => other,
    }
}

fn run(commands: &[Command]) -> (Order, Vec<Event>) {
    let created = Event::Created;
    let mut order = evolve(Order::default(), &created);
    let mut history = vec![created];
    for command in commands {
        if let Ok(events) = decide(&order, command.clone()) {
            order = events.iter().fold(order, evolve);
            history.extend(events);
        }
    }
    (order, history)
}

proptest! {
    /// What is stored is enough: the history alone gives the state, also through its stored form.
    #[test]
    fn any_history_replays(commands in prop::collection::vec(any_command(), 0..40)) {
        let (order, history) = run(&commands);
        let stored = serde_json::to_string(&history).unwrap();
        let read: Vec<Event> = serde_json::from_str(&stored).unwrap();
        let replayed = read.iter().fold(Order::default(), evolve);
        prop_assert_eq!(&replayed, &order);
        prop_assert_eq!(order.version, i64::try_from(history.len()).unwrap());
    }

    /// Answers of machines that come twice change nothing.
    #[test]
    fn duplicates_change_nothing(commands in prop::collection::vec(any_command(), 0..40)) {
        let is_machine = |command: &Command| matches!(
            command,
            Command::IdentityAnswered { .. } | Command::AuthorityAnswered { .. } | Command::BureauReceived { .. }
                | Command::BureauApproved { .. } | Command::BureauRejected { .. } | Command::Expire
        );
        let doubled: Vec<Command> = commands
            .iter()
            .flat_map(|command| std::iter::repeat_n(command.clone(), if is_machine(command) { 2 } else { 1 }))
            .collect();
        prop_assert_eq!(run(&commands), run(&doubled));
    }

    /// No order is approved that no reviewer passed in the same attempt, and none leaves an end state.
    #[test]
    fn nothing_is_approved_without_a_reviewer(commands in prop::collection::vec(any_command(), 0..60)) {
        let (_, history) = run(&commands);
        let mut passed = false;
        let mut ended = false;
        for event in &history {
            prop_assert!(!ended, "an event after the end: {:?}", history);
            match event {
                Event::Submitted { .. } => passed = false,
                Event::Passed => passed = true,
                Event::Approved { .. } => prop_assert!(passed),
                _ => {}
            }
            ended = matches!(event, Event::Approved { .. } | Event::Withdrawn | Event::Expired);
        }
    }
}
