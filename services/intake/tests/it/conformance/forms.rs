//! The forms of answers that are not JSON.

use serde_json::Value;

/// Longest line of a calendar without its end, octets (RFC 5545, 3.1).
const CALENDAR_LINE_MAX: usize = 75;

/// What is wrong with the form of a text; none also for forms that nobody reads here.
pub(super) fn fault(media_type: &str, bytes: &[u8]) -> Option<String> {
    let check: fn(&str) -> Result<(), String> = match media_type {
        "text/csv" => table,
        "text/calendar" => calendar,
        "text/event-stream" => events,
        "text/html" => page,
        _ => return None,
    };
    let read = std::str::from_utf8(bytes).map_err(|error| error.to_string()).and_then(check);
    read.err().map(|reason| format!("no {media_type}: {reason}"))
}

/// Headings, and as many cells in every row.
fn table(text: &str) -> Result<(), String> {
    let mut rows = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headings = rows.headers().map_err(|error| error.to_string())?;
    if headings.iter().any(|heading| heading.trim().is_empty()) || headings.is_empty() {
        return Err("a column has no heading".to_owned());
    }
    rows.records().try_for_each(|row| row.map(drop).map_err(|error| error.to_string()))
}

/// Lines of a name and a value, or what goes on from the line before, in parts that begin and end.
fn calendar(text: &str) -> Result<(), String> {
    let lines = text.strip_suffix("\r\n").ok_or("it does not end with a line")?.split("\r\n");
    let mut open = Vec::new();
    for (number, line) in lines.enumerate() {
        if line.len() > CALENDAR_LINE_MAX || line.contains(['\r', '\n']) {
            return Err(format!("line {number} is too long or broken"));
        }
        if line.starts_with(' ') && number > 0 {
            continue;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| format!("line {number} has no name: {line}"))?;
        if open.is_empty() && (name, value) != ("BEGIN", "VCALENDAR") {
            return Err(format!("line {number} stands outside of the calendar: {line}"));
        }
        match name {
            "BEGIN" => open.push(value.to_owned()),
            "END" if open.pop().as_deref() != Some(value) => return Err(format!("{value} ends and has not begun")),
            _ => {}
        }
    }
    let has = |name: &str| text.contains(&format!("\r\n{name}:"));
    match open.as_slice() {
        [] if has("VERSION") && has("PRODID") => Ok(()),
        [] => Err("it has no version or product".to_owned()),
        parts => Err(format!("{parts:?} do not end")),
    }
}

/// Blocks of fields; every event has JSON, and an id that is a number where it has one.
fn events(text: &str) -> Result<(), String> {
    let blocks = text.strip_suffix("\n\n").ok_or("the last event does not end")?.split("\n\n");
    for line in blocks.flat_map(str::lines) {
        match line.split_once(':') {
            Some(("", _)) => {}
            Some(("event", name)) if !name.trim().is_empty() => {}
            Some(("id" | "retry", number)) if number.trim().parse::<u64>().is_ok() => {}
            Some(("data", data)) if serde_json::from_str::<Value>(data.trim()).is_ok() => {}
            _ => return Err(format!("the line `{line}`")),
        }
    }
    Ok(())
}

fn page(text: &str) -> Result<(), String> {
    let is_page = text.trim_start().starts_with('<') && text.trim_end().ends_with('>');
    if is_page { Ok(()) } else { Err("it begins or ends with no tag".to_owned()) }
}

#[test]
fn what_has_the_form_is_told_from_what_has_not() {
    let calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\n b\r\nEND:VEVENT\r\n\
                    END:VCALENDAR\r\n";
    for (media_type, good, bad) in [
        ("text/csv", "\u{feff}a,b\r\n1,\"2,3\"\r\n", "a,b\r\n1\r\n"),
        ("text/csv", "a,b\r\n", "a,\r\n1,2\r\n"),
        ("text/calendar", calendar, calendar.replace("END:VEVENT\r\n", "").as_str()),
        ("text/calendar", calendar, calendar.replace("\r\n", "\n").as_str()),
        ("text/calendar", calendar, calendar.replace("SUMMARY:a", "SUMMARY").as_str()),
        ("text/event-stream", "retry: 2000\n\nid: 1\nevent: created\ndata: {}\n\n", "id: 1\ndata: {}\n"),
        ("text/event-stream", ": nothing yet\n\n", "id: x\ndata: {}\n\n"),
        ("text/html", "<p>x</p>\n", "x"),
    ] {
        assert_eq!(fault(media_type, good.as_bytes()), None);
        assert!(fault(media_type, bad.as_bytes()).is_some(), "{media_type}: {bad}");
    }
}
