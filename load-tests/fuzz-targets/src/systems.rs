//! What the systems beside the platform answer: registers, the SMS gateway, the provider's own system, the scanner.

use chrono::{DateTime, NaiveDate, Utc};
use icp_authority::answer::{Answer, Given};
use icp_authority::compare::{Limits, is_favourable, judge};
use icp_authority::question::{Authority, Questions};
use icp_authority::report::Verdict;
use icp_intake::content::messages;
use icp_intake::entitlements::resources;
use icp_intake::materials::scan;
use icp_notify::{delivery, sms};

use crate::{Outcome, company, named};

/// The body of an answer; the first line names who answers: a register, `sms-gateway` with the HTTP status, `resources`
/// or `scanner`.
pub fn answer(input: &[u8]) -> Outcome {
    let (who, body) = named(input);
    let (who, status) = who.split_once(' ').unwrap_or((who, ""));
    match who {
        "enterprise" => register(Authority::Enterprise, body),
        "citizen" => register(Authority::Citizen, body),
        "domain" => register(Authority::Domain, body),
        "sms-gateway" => gateway(status.parse().unwrap_or(200), body),
        "resources" => addresses(body),
        "scanner" => scanner(body),
        _ => Outcome::Refused,
    }
}

/// An answer is kept as it is written. It is used again only where it finds nothing.
fn register(authority: Authority, body: &[u8]) -> Outcome {
    let Some(answer) = Answer::read(authority, body) else { return Outcome::Refused };
    let written = serde_json::to_vec(&answer).unwrap_or_default();
    let again: Option<Answer> = serde_json::from_slice(&written).ok();
    assert!(again.as_ref() == Some(&answer), "an answer that was written reads otherwise");
    assert!(!answer.reference().contains(char::is_control), "a reference cannot be stored");

    let subject = messages::lookup_subject(company());
    let limits = Limits { today: NaiveDate::default(), least_domain_months_left: 3 };
    let given = Given { answer, asked_at: DateTime::UNIX_EPOCH };
    for question in Questions::of(&subject).asked {
        let report = judge(&subject, &[(&question, Some(&given))], &[], &limits);
        let has_result = |field: &String| report.results.iter().any(|result| result.field == *field);
        assert!(question.fields.iter().all(has_result), "a field has no result");
        let is_clean = is_favourable(&subject, &question, &given.answer, &limits);
        assert_eq!(report.findings.is_empty(), is_clean, "an answer is used again that finds something");
        let is_of_another = question.query.authority() != authority;
        let is_silent = report.results.iter().all(|result| result.verdict == Verdict::Unavailable);
        assert!(!is_of_another || is_silent, "a register answers for another one");
    }
    Outcome::Read
}

fn gateway(status: u16, body: &[u8]) -> Outcome {
    let outcome = sms::outcome(status, body);
    if let Ok(sent) = &outcome {
        assert!(status == 409 || (200..300).contains(&status), "{status} counts as sent");
        if let delivery::Outcome::Sent { gateway_id: Some(id) } = sent {
            assert!(!id.contains(char::is_control), "an id cannot be stored");
        }
    }
    Outcome::any([outcome.is_ok()])
}

/// Each address is found fault with once at most, and one that is not answered always.
fn addresses(body: &[u8]) -> Outcome {
    let read = resources::read(body);
    if let Ok(answers) = &read {
        let asked: Vec<&String> = company().services.iter().flat_map(|service| &service.access.addresses).collect();
        let least: DateTime<Utc> = DateTime::UNIX_EPOCH;
        let found = resources::compare(company(), answers, least).len();
        let unknown = asked.iter().filter(|address| answers.iter().all(|answer| answer.address != ***address)).count();
        assert!((unknown..=asked.len()).contains(&found), "{found} of {} addresses", asked.len());
    }
    Outcome::of(&read)
}

fn scanner(line: &[u8]) -> Outcome {
    let verdict = scan::verdict(&String::from_utf8_lossy(line));
    if let Ok(scan::Verdict::Infected(name)) = &verdict {
        assert!(!name.contains(char::is_control), "a name cannot be stored");
    }
    Outcome::of(&verdict)
}
