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

/// Nobody confirmed the ministry's SMS.
fn unconfirmed() -> Finding {
    Finding { code: SMS_UNCONFIRMED.to_owned(), ..finding(Severity::Block, Stage::Bureau) }
}

fn verdict(blocking: bool) -> RulesVerdict {
    let severity = if blocking { Severity::Block } else { Severity::Advise };
    RulesVerdict {
        digest: Some("digest".to_owned()),
        version: Some("1.0.0".to_owned()),
        findings: vec![finding(severity, Stage::Rules)],
    }
}

fn submission(blocking: bool) -> Submission {
    Submission {
        verdict: verdict(blocking),
        asks_sms: true,
        organiser_number: Some("粤ICP备2026000001号".to_owned()),
        service_numbers: Vec::new(),
    }
}

fn registers() -> Registers {
    let enterprise = EnterpriseFacts { found: true, status: "active".to_owned() };
    Registers { enterprise: Some(enterprise), domains: Vec::new() }
}

fn numbers() -> Numbers {
    Numbers {
        organiser_number: "粤ICP备2026000001号".to_owned(),
        service_numbers: vec!["粤ICP备2026000001号-1".to_owned()],
        ids: BureauIds::default(),
    }
}

/// A first filing in this phase.
fn order_in(phase: Phase) -> Order {
    Order { phase, version: 5, attempt: 1, consent_given: true, asks_sms: true, ..Order::default() }
}

/// An order of a type as it comes into a phase; `withdrawn_late` is one that was withdrawn when the relay had it,
/// `returned_sms` one that came back because nobody confirmed the SMS, and `_asked` stands behind the phase of one whose
/// withdrawal the relay has not answered.
fn order_of(order_type: OrderType, phase: &str) -> Order {
    let is_late = phase == "withdrawn_late";
    let is_withdrawal_asked = phase.ends_with("_asked");
    let may_be_resubmitted = phase.ends_with("_sms");
    let phase = phase.trim_end_matches("_asked").trim_end_matches("_late").trim_end_matches("_sms");
    let phase = Phase::parse(phase).unwrap();
    let row = order_type.description();
    let is_unchecked = phase == Phase::Checking;
    Order {
        order_type,
        identity_answered: !is_unchecked || !row.verifies_identity(),
        authority_answered: !is_unchecked || !row.asks_registers(),
        consent_given: !is_unchecked || !row.needs_consent(),
        is_handed_over: is_late || matches!(phase, Phase::Queued | Phase::AtBureau),
        is_withdrawal_asked,
        may_be_resubmitted,
        ..order_in(phase)
    }
}

fn results(count: usize) -> Vec<CheckResult> {
    let result = CheckResult {
        check: "check_digit".to_owned(),
        field: "organiser.certificate.number".to_owned(),
        passed: true,
        open: false,
        evidence: String::new(),
    };
    vec![result; count]
}

/// Every kind of command, for attempt 1.
fn commands() -> Vec<(&'static str, Command)> {
    let clean = Vec::new;
    vec![
        ("amend", Command::Amend),
        ("submit", Command::Submit(submission(false))),
        ("submit-blocked", Command::Submit(submission(true))),
        ("withdraw", Command::Withdraw),
        ("expire", Command::Expire),
        ("consent", Command::Consent(verdict(false))),
        ("consent-blocked", Command::Consent(verdict(true))),
        ("refuse", Command::Refuse),
        ("identity", Command::IdentityAnswered { attempt: 1, results: results(4), findings: clean() }),
        (
            "authority",
            Command::AuthorityAnswered { attempt: 1, results: results(3), findings: clean(), registers: registers() },
        ),
        ("pass", Command::Pass(verdict(false))),
        ("pass-blocked", Command::Pass(verdict(true))),
        ("pass-first", Command::PassFirst { verdict: verdict(false), reviewer: "reviewer".to_owned() }),
        ("pass-first-blocked", Command::PassFirst { verdict: verdict(true), reviewer: "reviewer".to_owned() }),
        ("return", Command::Return(vec![finding(Severity::Block, Stage::Review)])),
        (
            "return-in-words",
            Command::InWords {
                words: "cipher".to_owned(),
                command: Box::new(Command::Return(vec![finding(Severity::Block, Stage::Review)])),
            },
        ),
        ("return-no-reason", Command::Return(clean())),
        ("return-for-fields", Command::ReturnForFields(vec![finding(Severity::Block, Stage::Review)])),
        ("received", Command::BureauReceived { attempt: 1, data_sequence: 7 }),
        ("approved", Command::BureauApproved { attempt: 1, numbers: numbers() }),
        ("rejected", Command::BureauRejected { attempt: 1, findings: vec![finding(Severity::Block, Stage::Bureau)] }),
        ("taken-back", Command::WithdrawalAnswered { attempt: 1, is_withdrawn: true }),
        ("too-late", Command::WithdrawalAnswered { attempt: 1, is_withdrawn: false }),
        ("unconfirmed", Command::BureauRejected { attempt: 1, findings: vec![unconfirmed()] }),
        ("resubmit", Command::Resubmit(verdict(false))),
        ("resubmit-blocked", Command::Resubmit(verdict(true))),
    ]
}

/// The phase after a command; `=` where nothing happens, `!` where it is refused.
fn outcome(order: Order, command: Command) -> String {
    match decide(&order, command) {
        Err(_) => "!".to_owned(),
        Ok(events) if events.is_empty() => "=".to_owned(),
        Ok(events) => events.iter().fold(order, evolve).phase.as_str().to_owned(),
    }
}

/// One row per phase that the types come into, in the order of `commands()`; `=` nothing happens, `!` refused, `.` the
/// phase stays.
fn check_table(types: &[OrderType], table: &str) {
    for row in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (phase, cells) = row.split_once('|').unwrap();
        let phase = phase.trim();
        let cells: Vec<&str> = cells.split_whitespace().collect();
        assert_eq!(cells.len(), commands().len(), "{phase}");
        for order_type in types {
            for ((name, command), cell) in commands().into_iter().zip(&cells) {
                let order = order_of(*order_type, phase);
                let expected = if *cell == "." { order.phase.as_str() } else { cell };
                assert_eq!(outcome(order, command), expected, "{}: {phase} × {name}", order_type.as_str());
            }
        }
    }
}

/// Identity and registers, reviewer, bureau.
const WHOLE_WAY: [OrderType; 9] = [
    OrderType::FirstFiling,
    OrderType::AddService,
    OrderType::AddServiceElsewhere,
    OrderType::AddAccess,
    OrderType::ContinueAccess,
    OrderType::ChangeOrganiser,
    OrderType::ChangeService,
    OrderType::ChangeBoth,
    OrderType::Migrate,
];
/// Nobody to verify, nothing to look up.
const UNCHECKED: [OrderType; 1] = [OrderType::ChangeAccess];
const CANCELLATIONS: [OrderType; 3] =
    [OrderType::DeregisterOrganiser, OrderType::DeregisterService, OrderType::CancelAccess];

#[test]
fn state_times_command() {
    check_table(
        &WHOLE_WAY,
        "
        draft           | . checking returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        checking        | ! ! ! withdrawn = ! ! ! . . ! ! ! ! ! ! ! ! = = = = = = ! !
        provider_review | ! ! ! withdrawn = ! ! ! = = queued ! . ! returned returned ! returned = = = = = = ! !
        queued          | ! ! ! . = ! ! ! = = ! ! ! ! ! ! ! ! at_bureau approved returned = = returned ! !
        queued_asked    | ! ! ! = = ! ! ! = = ! ! ! ! ! ! ! ! at_bureau approved returned withdrawn . returned ! !
        at_bureau       | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = approved returned = = returned ! !
        at_bureau_asked | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = approved returned = . returned ! !
        approved        | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        returned        | . checking returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        returned_sms    | . checking returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = queued !
        withdrawn       | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        withdrawn_late  | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! at_bureau approved = = = = ! !
        expired         | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !",
    );
    check_table(
        &UNCHECKED,
        "
        draft           | . provider_review returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        provider_review | ! ! ! withdrawn = ! ! ! = = queued ! . ! returned returned ! returned = = = = = = ! !
        queued          | ! ! ! . = ! ! ! = = ! ! ! ! ! ! ! ! at_bureau approved returned = = returned ! !
        queued_asked    | ! ! ! = = ! ! ! = = ! ! ! ! ! ! ! ! at_bureau approved returned withdrawn . returned ! !
        at_bureau       | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = approved returned = = returned ! !
        at_bureau_asked | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = approved returned = . returned ! !
        approved        | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        returned        | . provider_review returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        returned_sms    | . provider_review returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = queued !
        withdrawn       | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        withdrawn_late  | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! at_bureau approved = = = = ! !
        expired         | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !",
    );
    check_table(
        &CANCELLATIONS,
        "
        draft           | . provider_review returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        provider_review | ! ! ! ! = ! ! ! = = queued ! . ! returned returned ! returned = = = = = = ! !
        queued          | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! at_bureau cancelled returned = = returned ! !
        at_bureau       | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = cancelled returned = = returned ! !
        cancelled       | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        returned        | . provider_review returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        returned_sms    | . provider_review returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = queued !
        withdrawn       | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        expired         | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !",
    );
    check_table(
        &[OrderType::Claim],
        "
        draft           | . checking returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        checking        | ! ! ! withdrawn = ! ! ! provider_review = ! ! ! ! ! ! ! ! = = = = = = ! !
        provider_review | ! ! ! withdrawn = ! ! ! = = approved ! . ! returned returned ! returned = = = = = = ! !
        approved        | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        returned        | . checking returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        withdrawn       | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        expired         | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !",
    );
    check_table(
        &[OrderType::Transfer],
        "
        draft           | . checking returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        checking        | ! ! ! withdrawn expired approved ! returned = = ! ! ! ! ! ! ! ! = = = = = = ! !
        approved        | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        returned        | . checking returned withdrawn expired ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        withdrawn       | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !
        expired         | ! ! ! ! = ! ! ! = = ! ! ! ! ! ! ! ! = = = = = = ! !",
    );
}

#[test]
fn a_holder_that_keeps_its_record_sends_the_transfer_back_with_the_reason() {
    let events = decide(&order_of(OrderType::Transfer, "checking"), Command::Refuse).unwrap();
    let [Event::ConsentRefused, Event::Returned { by, findings, amendable: None }] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((*by, findings[0].code.as_str(), findings[0].field.as_str()), (Stage::Rules, "S07", "organiser.number"));
}

#[test]
fn the_tables_cover_every_type() {
    let mut tabled: Vec<OrderType> = WHOLE_WAY.into_iter().chain(UNCHECKED).chain(CANCELLATIONS).collect();
    tabled.extend([OrderType::Claim, OrderType::Transfer]);
    tabled.sort();
    assert_eq!(tabled, OrderType::ALL);
}

#[test]
fn a_cancellation_ends_with_the_numbers_that_it_named() {
    let submitted =
        decide(&order_of(OrderType::DeregisterService, "draft"), Command::Submit(submission(false))).unwrap();
    let order = submitted.iter().fold(order_of(OrderType::DeregisterService, "draft"), evolve);
    let passed = decide(&order, Command::Pass(verdict(false))).unwrap();
    let order = passed.iter().fold(order, evolve);
    let silent = Command::BureauApproved { attempt: order.attempt, numbers: Numbers::default() };
    let events = decide(&order, silent).unwrap();
    let Some(Event::Cancelled(numbers)) = events.last() else { panic!("{events:?}") };
    assert_eq!(numbers.organiser_number, "粤ICP备2026000001号");
}

#[test]
fn a_change_of_the_organiser_ends_without_the_services_that_the_bureau_was_told_again() {
    let mut told = numbers();
    told.ids = BureauIds { organiser: 1, services: vec![2], accesses: vec![3] };
    for (order_type, services, ids) in [
        (OrderType::ChangeOrganiser, Vec::new(), BureauIds { organiser: 1, ..BureauIds::default() }),
        (OrderType::ChangeBoth, told.service_numbers.clone(), told.ids.clone()),
    ] {
        let approved = Command::BureauApproved { attempt: 1, numbers: told.clone() };
        let events = decide(&order_of(order_type, "at_bureau"), approved).unwrap();
        let Some(Event::Approved(numbers)) = events.last() else { panic!("{events:?}") };
        assert_eq!((&numbers.service_numbers, &numbers.ids), (&services, &ids), "{}", order_type.as_str());
    }
}

#[test]
fn a_return_may_name_the_only_fields_that_are_open() {
    let named = Command::ReturnForFields(vec![finding(Severity::Block, Stage::Review)]);
    let order =
        decide(&order_in(Phase::ProviderReview), named).unwrap().iter().fold(order_in(Phase::ProviderReview), evolve);
    assert_eq!(order.amendable.as_deref(), Some(&["services[0].name".to_owned()][..]));
    let nameless = Finding { field: String::new(), ..finding(Severity::Block, Stage::Review) };
    let refused = decide(&order_in(Phase::ProviderReview), Command::ReturnForFields(vec![nameless]));
    assert_eq!(refused, Err(Rejection::NoField));
    let refused = decide(&order_in(Phase::ProviderReview), Command::ReturnForFields(Vec::new()));
    assert_eq!(refused, Err(Rejection::NoReason));
}

#[test]
fn what_a_return_froze_stays_so_until_a_reviewer_gets_it_again() {
    let run = |order: Order, command: Command| decide(&order, command).unwrap().iter().fold(order, evolve);
    let identity =
        |attempt: u32, findings: Vec<Finding>| Command::IdentityAnswered { attempt, results: results(1), findings };
    let authority = |attempt: u32| Command::AuthorityAnswered {
        attempt,
        results: results(1),
        findings: Vec::new(),
        registers: registers(),
    };
    let at =
        |field: &str, severity: Severity| Finding { field: field.to_owned(), ..finding(severity, Stage::Identity) };
    let named = Command::ReturnForFields(vec![finding(Severity::Block, Stage::Review)]);
    let order = run(order_in(Phase::ProviderReview), named);

    // The rules block at once: their field is that of the reviewer here.
    let order = run(order, Command::Submit(submission(true)));
    assert_eq!(order.open_fields(), Some(&["services[0].name".to_owned()][..]));
    let order = run(order, Command::Submit(submission(false)));
    assert_eq!((order.phase, order.open_fields()), (Phase::Checking, None));
    let order = run(order, authority(3));
    let found = vec![
        at("organiser.principal.id", Severity::Block),
        at("organiser.name", Severity::Review),
        at("", Severity::Block),
    ];
    let order = run(order, identity(3, found));
    let both = ["services[0].name", "organiser.principal.id"].map(str::to_owned);
    assert_eq!((order.phase, order.open_fields()), (Phase::Returned, Some(&both[..])));

    let order = run(run(run(order, Command::Submit(submission(false))), identity(4, Vec::new())), authority(4));
    assert_eq!((order.phase, &order.amendable), (Phase::ProviderReview, &None));
    let order = run(order, Command::Return(vec![finding(Severity::Block, Stage::Review)]));
    assert_eq!((order.phase, order.open_fields()), (Phase::Returned, None), "this return named none");
}

#[test]
fn what_nobody_confirmed_by_sms_is_handed_in_again_while_it_is_unchanged() {
    let run = |order: Order, command: Command| decide(&order, command).unwrap().iter().fold(order, evolve);
    let at_bureau = || Order { registers: registers(), ..order_of(OrderType::FirstFiling, "at_bureau") };
    let of_sms = |findings: Vec<Finding>| Command::BureauRejected { attempt: 1, findings };
    let order = run(at_bureau(), of_sms(vec![unconfirmed(), unconfirmed()]));
    assert!(order.may_be_resubmitted);
    let again = run(order.clone(), Command::Resubmit(verdict(false)));
    assert_eq!((again.phase, again.attempt, again.is_handed_over), (Phase::Queued, 2, true));
    assert_eq!((&again.findings, again.registers.clone()), (&verdict(false).findings, registers()));
    let late = decide(&again, Command::BureauApproved { attempt: 1, numbers: numbers() });
    assert_eq!(late, Ok(Vec::new()), "the first attempt is over");
    let blocked = decide(&order, Command::Resubmit(verdict(true)));
    assert_eq!(blocked, Err(Rejection::Blocked(verdict(true).findings)));

    let amended = run(order, Command::Amend);
    let refused = run(at_bureau(), of_sms(vec![unconfirmed(), finding(Severity::Block, Stage::Bureau)]));
    for order in [amended, refused] {
        let resubmitted = decide(&order, Command::Resubmit(verdict(false)));
        assert!(matches!(resubmitted, Err(Rejection::WrongPhase { .. })), "{resubmitted:?}");
    }
}

#[test]
fn histories_from_before_there_were_types_are_read() {
    let created: Event = serde_json::from_str(r#"{"event":"created"}"#).unwrap();
    assert_eq!(created, Event::Created { order_type: OrderType::FirstFiling, determination: None });
    let submitted: Event = serde_json::from_str(r#"{"event":"submitted","attempt":1}"#).unwrap();
    let order = evolve(evolve(Order::default(), &created), &submitted);
    assert!(order.asks_sms && order.consent_given && !order.identity_answered);
    let approved = r#"{"event":"approved","organiser_number":"粤ICP备1号","service_numbers":["粤ICP备1号-1"]}"#;
    let approved: Event = serde_json::from_str(approved).unwrap();
    assert_eq!(evolve(order, &approved).service_numbers, ["粤ICP备1号-1"]);
    let state = r#"{"phase":"at_bureau","version":8,"attempt":1,"identity_answered":true,"authority_answered":true,
                    "findings":[],"organiser_number":null,"service_numbers":[]}"#;
    let order: Order = serde_json::from_str(state).unwrap();
    assert!(order.asks_sms && order.order_type == OrderType::FirstFiling);
}

#[test]
fn both_checks_lead_to_review_in_either_order() {
    let identity = Command::IdentityAnswered { attempt: 1, results: results(4), findings: Vec::new() };
    let authority =
        Command::AuthorityAnswered { attempt: 1, results: results(3), findings: Vec::new(), registers: registers() };
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
    let command = Command::IdentityAnswered { attempt: 1, results: results(4), findings: blocking };
    order = decide(&order, command).unwrap().iter().fold(order, evolve);
    assert_eq!(order.phase, Phase::Checking);
    let command = Command::AuthorityAnswered {
        attempt: 1,
        results: results(3),
        findings: vec![finding(Severity::Review, Stage::Authority)],
        registers: registers(),
    };
    let events = decide(&order, command).unwrap();
    assert!(
        matches!(events.last(), Some(Event::Returned { by: Stage::Identity, findings, .. }) if findings.len() == 2)
    );
}

#[test]
fn a_rule_that_blocks_returns_the_order_before_anybody_looks_at_it() {
    let events = decide(&order_in(Phase::Draft), Command::Submit(submission(true))).unwrap();
    let order = events.iter().fold(order_in(Phase::Draft), evolve);
    assert_eq!(order.phase, Phase::Returned);
    assert!(matches!(events.last(), Some(Event::Returned { by: Stage::Rules, .. })));
    assert!(!events.contains(&Event::ReviewRequested));
}

#[test]
fn an_answer_of_the_bureau_that_overtakes_its_receipt_counts() {
    let command = Command::BureauApproved { attempt: 1, numbers: numbers() };
    let events = decide(&order_in(Phase::Queued), command).unwrap();
    assert!(matches!(events.as_slice(), [Event::ReceivedByBureau { .. }, Event::Approved(_)]));
}

/// The answer to a withdrawal and the bureau's words may come in any sequence.
#[test]
fn a_withdrawal_ends_once_whoever_is_faster() {
    let asked = decide(&order_of(OrderType::FirstFiling, "queued"), Command::Withdraw).unwrap();
    assert_eq!(asked, [Event::WithdrawalRequested]);
    let taken_back = Command::WithdrawalAnswered { attempt: 1, is_withdrawn: true };
    let too_late = Command::WithdrawalAnswered { attempt: 1, is_withdrawn: false };
    let received = Command::BureauReceived { attempt: 1, data_sequence: 7 };
    let approved = Command::BureauApproved { attempt: 1, numbers: numbers() };
    let rejected = Command::BureauRejected { attempt: 1, findings: vec![finding(Severity::Block, Stage::Bureau)] };
    for (commands, phase) in [
        (vec![taken_back.clone(), taken_back.clone()], Phase::Withdrawn),
        (vec![too_late.clone(), received.clone(), approved.clone()], Phase::Approved),
        (vec![received.clone(), too_late.clone(), too_late.clone(), approved.clone()], Phase::Approved),
        (vec![received, approved, too_late.clone()], Phase::Approved),
        // Refused before it was sent: the applicant may withdraw what came back.
        (vec![rejected, too_late, Command::Withdraw], Phase::Withdrawn),
        // An answer to an older attempt is none.
        (vec![Command::WithdrawalAnswered { attempt: 0, is_withdrawn: true }, Command::Withdraw], Phase::Queued),
    ] {
        let mut order = asked.iter().fold(order_of(OrderType::FirstFiling, "queued"), evolve);
        for command in &commands {
            order = decide(&order, command.clone()).unwrap().iter().fold(order, evolve);
        }
        assert_eq!((order.phase, order.is_withdrawal_asked), (phase, phase == Phase::Queued), "{commands:?}");
    }
}

fn any_command() -> impl Strategy<Value = Command> {
    let count = commands().len();
    (0..count, 0_u32..4).prop_map(|(index, attempt)| with_attempt(commands().swap_remove(index).1, attempt))
}

fn any_type() -> impl Strategy<Value = OrderType> {
    prop::sample::select(OrderType::ALL.to_vec())
}

fn with_attempt(command: Command, new: u32) -> Command {
    match command {
        Command::IdentityAnswered { results, findings, .. } => {
            Command::IdentityAnswered { attempt: new, results, findings }
        }
        Command::AuthorityAnswered { results, findings, registers, .. } => {
            Command::AuthorityAnswered { attempt: new, results, findings, registers }
        }
        Command::BureauReceived { data_sequence, .. } => Command::BureauReceived { attempt: new, data_sequence },
        Command::BureauApproved { numbers, .. } => Command::BureauApproved { attempt: new, numbers },
        Command::BureauRejected { findings, .. } => Command::BureauRejected { attempt: new, findings },
        Command::WithdrawalAnswered { is_withdrawn, .. } => Command::WithdrawalAnswered { attempt: new, is_withdrawn },
        other => other,
    }
}

fn run(order_type: OrderType, commands: &[Command]) -> (Order, Vec<Event>) {
    let created = Event::Created { order_type, determination: None };
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
    fn any_history_replays(order_type in any_type(), commands in prop::collection::vec(any_command(), 0..40)) {
        let (order, history) = run(order_type, &commands);
        let stored = serde_json::to_string(&history).unwrap();
        let read: Vec<Event> = serde_json::from_str(&stored).unwrap();
        let replayed = read.iter().fold(Order::default(), evolve);
        prop_assert_eq!(&replayed, &order);
        prop_assert_eq!(order.version, i64::try_from(history.len()).unwrap());
        let state: Order = serde_json::from_str(&serde_json::to_string(&order).unwrap()).unwrap();
        prop_assert_eq!(&state, &order);
    }

    /// Answers of machines that come twice change nothing.
    #[test]
    fn duplicates_change_nothing(order_type in any_type(), commands in prop::collection::vec(any_command(), 0..40)) {
        let is_machine = |command: &Command| matches!(
            command,
            Command::IdentityAnswered { .. } | Command::AuthorityAnswered { .. } | Command::BureauReceived { .. }
                | Command::BureauApproved { .. } | Command::BureauRejected { .. }
                | Command::WithdrawalAnswered { .. } | Command::Expire
        );
        let doubled: Vec<Command> = commands
            .iter()
            .flat_map(|command| std::iter::repeat_n(command.clone(), if is_machine(command) { 2 } else { 1 }))
            .collect();
        prop_assert_eq!(run(order_type, &commands), run(order_type, &doubled));
    }

    /// No order ends well that nobody with the right to do so agreed to in the same attempt.
    #[test]
    fn nothing_is_carried_out_that_nobody_agreed_to(
        order_type in any_type(),
        commands in prop::collection::vec(any_command(), 0..60),
    ) {
        let (_, history) = run(order_type, &commands);
        let row = order_type.description();
        let mut is_agreed = false;
        for event in &history {
            match event {
                Event::Submitted { .. } => is_agreed = false,
                Event::Passed => is_agreed = true,
                Event::ReviewRequested => is_agreed |= row.bureau.is_none(),
                Event::ConsentGiven => is_agreed |= row.needs_consent(),
                Event::Approved(_) => prop_assert!(is_agreed && !row.is_cancellation()),
                Event::Cancelled(_) => prop_assert!(is_agreed && row.is_cancellation()),
                _ => {}
            }
        }
    }

    /// None leaves an end state, but for a withdrawal that the bureau's receipt overtakes.
    #[test]
    fn an_end_is_an_end(order_type in any_type(), commands in prop::collection::vec(any_command(), 0..60)) {
        let (_, history) = run(order_type, &commands);
        let mut order = Order::default();
        for event in &history {
            let is_over = matches!(order.phase, Phase::Approved | Phase::Cancelled | Phase::Withdrawn | Phase::Expired);
            let is_late = withdrawal::is_overtaken(&order) && matches!(event, Event::ReceivedByBureau { .. });
            prop_assert!(!is_over || is_late, "an event after the end: {:?}", history);
            order = evolve(order, event);
        }
    }
}
