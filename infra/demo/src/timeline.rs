//! What each service noted of an order, in one list.

use icp_proto::ops::TimelineRequest;
use icp_proto::ops::operations_client::OperationsClient;

use crate::World;

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Milliseconds since the Unix epoch, business time.
    pub at_unix_ms: i64,
    /// Name of the service.
    pub service: String,
    /// What happened.
    pub what: String,
    /// Why.
    pub why: String,
}

/// Asks all services for their journal of an order; oldest first.
pub async fn of_order(world: &World, order_id: &str) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for service in world.services.values() {
        let mut client = OperationsClient::connect(service.grpc.clone()).await?;
        let request = TimelineRequest { order_id: order_id.to_owned() };
        for entry in client.timeline(request).await?.into_inner().entries {
            lines.push(Line { at_unix_ms: entry.at_unix_ms, service: entry.service, what: entry.what, why: entry.why });
        }
    }
    lines.sort_by_key(|line| line.at_unix_ms);
    Ok(lines)
}

/// The lines as text: seconds since the first one, service, what, why.
pub fn render(lines: &[Line]) -> String {
    let start = lines.first().map_or(0, |line| line.at_unix_ms);
    lines
        .iter()
        .map(|line| {
            let after_ms = line.at_unix_ms - start;
            let why = if line.why.is_empty() { String::new() } else { format!(" ({})", line.why) };
            format!("  {:>9}  {:<9}  {}{why}\n", after(after_ms), line.service, line.what)
        })
        .collect()
}

/// The lines as text that is the same in every run: per service, without times, serials and what chance decides.
pub fn golden(lines: &[Line]) -> String {
    let mut text = String::new();
    for service in crate::world::SERVICES {
        let mut of_service: Vec<String> =
            lines.iter().filter(|line| line.service == service).map(golden_line).collect();
        if of_service.is_empty() {
            continue;
        }
        // Two checks run side by side, and two channels deliver side by side: which ends first is chance.
        if service == "notify" {
            of_service.sort();
        }
        for index in 1..of_service.len() {
            let is_pair = of_service[index - 1].starts_with("registers answered")
                && of_service[index].starts_with("identity verified");
            if is_pair {
                of_service.swap(index - 1, index);
            }
        }
        text.push_str(&format!("{service}\n"));
        for line in of_service {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

fn golden_line(line: &Line) -> String {
    let why = if line.why.is_empty() { String::new() } else { format!(" ({})", line.why) };
    let whole = format!("{}{why}", line.what);
    // How uploads are batched and which edition judged depends on what else was under way.
    let by_chance = ["packed for", "taken by", "waits for an upload", "rules judged"];
    let longest_kept = if by_chance.iter().any(|start| line.what.starts_with(start)) { 0 } else { 4 };
    mask_numbers(&whole, longest_kept)
}

fn after(ms: i64) -> String {
    if ms < 3_600_000 {
        return format!("+{}.{:03} s", ms / 1000, ms % 1000);
    }
    format!("+{} h {:02} m", ms / 3_600_000, ms / 60_000 % 60)
}

/// Serial numbers of the bureau depend on who came first.
fn mask_numbers(text: &str, longest_kept: usize) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut digits = String::new();
    for character in text.chars().chain(std::iter::once('\0')) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        masked.push_str(if digits.len() > longest_kept { "#" } else { &digits });
        digits.clear();
        if character != '\0' {
            masked.push(character);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_text_has_no_serials_and_no_times() {
        let line = |at_unix_ms, service: &str, what: &str, why: &str| Line {
            at_unix_ms,
            service: service.to_owned(),
            what: what.to_owned(),
            why: why.to_owned(),
        };
        let lines = [
            line(5, "intake", "approved", "粤ICP备2026000001号: 粤ICP备2026000001号-1"),
            line(1, "sms", "window opened", ""),
        ];
        assert_eq!(golden(&lines), "intake\n  approved (粤ICP备#号: 粤ICP备#号-1)\nsms\n  window opened\n");
    }

    #[test]
    fn long_waits_are_told_in_hours() {
        assert_eq!(after(1_234), "+1.234 s");
        assert_eq!(after(86_460_000), "+24 h 01 m");
    }
}
