//! Deadlines as an iCalendar document (RFC 5545) that calendars subscribe to.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Deadline;

const LINE_OCTETS_MAX: usize = 75;

/// China has had no summer time since September 1991. A document must have a component, also where no deadline is open.
const TIME_ZONE: [&str; 9] = [
    "BEGIN:VTIMEZONE",
    "TZID:Asia/Shanghai",
    "BEGIN:STANDARD",
    "DTSTART:19910915T020000",
    "TZOFFSETFROM:+0900",
    "TZOFFSETTO:+0800",
    "TZNAME:CST",
    "END:STANDARD",
    "END:VTIMEZONE",
];

/// The document; `now` stamps it.
pub fn document(order_id: Uuid, deadlines: &[Deadline], now: DateTime<Utc>) -> String {
    let mut text = String::new();
    let head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//ICP filing platform//intake//EN", "METHOD:PUBLISH"];
    for line in head.into_iter().chain(TIME_ZONE) {
        push(&mut text, line);
    }
    for deadline in deadlines {
        push(&mut text, "BEGIN:VEVENT");
        push(&mut text, &format!("UID:{order_id}-{}@icp-intake", deadline.name));
        push(&mut text, &format!("DTSTAMP:{}", stamp(now)));
        push(&mut text, &format!("DTSTART:{}", stamp(deadline.at)));
        push(&mut text, &format!("SUMMARY:{}", escaped(&format!("ICP备案 {}", deadline.text_zh))));
        push(&mut text, &format!("DESCRIPTION:{}", escaped(&format!("{}. Order {order_id}", deadline.text))));
        push(&mut text, "END:VEVENT");
    }
    push(&mut text, "END:VCALENDAR");
    text
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// A line, folded where it is too long: no character is cut.
fn push(text: &mut String, line: &str) {
    let mut octets = 0;
    for character in line.chars() {
        if octets + character.len_utf8() > LINE_OCTETS_MAX {
            text.push_str("\r\n ");
            octets = 1;
        }
        octets += character.len_utf8();
        let _ = write!(text, "{character}");
    }
    text.push_str("\r\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_an_event_per_deadline_and_short_lines() {
        let at: DateTime<Utc> = "2026-11-20T02:00:00Z".parse().unwrap();
        let text = "every person in charge has confirmed the ministry's SMS, else the order comes back";
        let deadline = Deadline { name: "sms", at, text_zh: "工信部短信核验截止", text };
        let document = document(Uuid::nil(), &[deadline], at);
        assert!(document.ends_with("END:VCALENDAR\r\n"));
        assert!(document.split("\r\n").all(|line| line.len() <= LINE_OCTETS_MAX), "{document}");
        let unfolded = document.replace("\r\n ", "");
        assert!(unfolded.contains("DTSTART:20261120T020000Z\r\n"));
        assert!(unfolded.contains("confirmed the ministry's SMS\\, else"), "{unfolded}");
    }

    #[test]
    fn a_document_without_deadlines_has_a_component_all_the_same() {
        let document = document(Uuid::nil(), &[], "2026-11-20T02:00:00Z".parse().unwrap());
        assert!(document.contains("BEGIN:VTIMEZONE\r\nTZID:Asia/Shanghai\r\n"), "{document}");
        assert!(document.ends_with("END:VTIMEZONE\r\nEND:VCALENDAR\r\n"), "{document}");
    }
}
