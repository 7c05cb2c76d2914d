//! By when a reviewer decides (filing-rules §3): the provider's own target, which runs while the order waits for a
//! reviewer, and the most that the law leaves the provider, which runs from the submission.

use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use icp_domain::Calendar;
use icp_domain::calendar::CALENDAR;
use serde::Serialize;
use utoipa::ToSchema;

use super::ReviewConfig;

/// Days in advance at which a missing year of the calendar is told.
const LOOK_AHEAD_DAYS: i64 = 30;

/// Reckons deadlines of the provider's review.
#[derive(Debug, Clone)]
pub struct Deadlines {
    calendar: Calendar,
    target_working_days: u32,
    legal_working_days: u32,
}

/// The deadlines of one order: dates in China, each to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReviewDeadline)]
pub struct Deadline {
    /// When the provider wants to have decided, reckoned from when it came to review.
    pub due: NaiveDate,
    /// When it must have decided, reckoned from when it was handed in last.
    pub due_by_law: NaiveDate,
    /// Whether `due` has passed.
    pub overdue: bool,
    /// Whether the calendar knows no holidays of a year in between: the dates go by weekdays.
    pub is_assumed: bool,
}

impl Deadlines {
    /// With the calendar of the configuration.
    pub fn load(config: &ReviewConfig) -> anyhow::Result<Self> {
        let calendar = match config.calendar_file.as_os_str().is_empty() {
            true => toml::from_str(CALENDAR)?,
            false => read(&config.calendar_file)
                .with_context(|| format!("intake.review.calendar_file {}", config.calendar_file.display()))?,
        };
        Ok(Self {
            calendar,
            target_working_days: config.target_working_days,
            legal_working_days: config.legal_working_days,
        })
    }

    /// The deadlines of an order that was handed in at `submitted_at` and came to review at `since`. The days on which
    /// that happened do not count.
    pub fn of(&self, submitted_at: DateTime<Utc>, since: DateTime<Utc>, now: DateTime<Utc>) -> Deadline {
        let [first, came] = [submitted_at, since].map(crate::china::day);
        let due = self.calendar.working_days_after(came, self.target_working_days);
        let due_by_law = self.calendar.working_days_after(first, self.legal_working_days);
        Deadline {
            due,
            due_by_law,
            overdue: crate::china::day(now) > due,
            is_assumed: self.calendar.first_unknown_year(first, due.max(due_by_law)).is_some(),
        }
    }

    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    pub(crate) fn of_release() -> Self {
        Self { calendar: toml::from_str(CALENDAR).unwrap(), target_working_days: 1, legal_working_days: 5 }
    }

    /// The same time of the day, so many working days of China later.
    pub fn after(&self, at: DateTime<Utc>, working_days: u32) -> DateTime<Utc> {
        let day = crate::china::day(at);
        at + (self.calendar.working_days_after(day, working_days) - day)
    }

    /// By when an order that was handed in then must be reviewed.
    pub fn end_of_review(&self, submitted_at: DateTime<Utc>) -> DateTime<Utc> {
        self.after(submitted_at, self.legal_working_days)
    }

    /// The year that is missing in the calendar, when deadlines will soon fall into it.
    pub fn missing_year(&self, now: DateTime<Utc>) -> Option<i32> {
        let today = crate::china::day(now);
        self.calendar.first_unknown_year(today, today + chrono::TimeDelta::days(LOOK_AHEAD_DAYS))
    }
}

fn read(path: &Path) -> anyhow::Result<Calendar> {
    Ok(toml::from_str(&std::fs::read_to_string(path)?)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_review_before_a_holiday_is_due_after_it() {
        let deadlines = Deadlines::of_release();
        // 30 September, 23:30 in China: the national holiday begins within the hour.
        let since: DateTime<Utc> = "2026-09-30T15:30:00Z".parse().unwrap();
        let before: DateTime<Utc> = "2026-10-08T15:59:59Z".parse().unwrap();
        let deadline = deadlines.of(since, since, before);
        assert_eq!(deadline.due.to_string(), "2026-10-08");
        assert_eq!(deadline.due_by_law.to_string(), "2026-10-13");
        assert!(!deadline.overdue && !deadline.is_assumed);
        assert!(deadlines.of(since, since, before + chrono::TimeDelta::seconds(1)).overdue);
        let december: DateTime<Utc> = "2026-12-30T02:00:00Z".parse().unwrap();
        assert!(deadlines.of(december, december, december).is_assumed);
        let late_evening: DateTime<Utc> = "2026-09-30T17:00:00Z".parse().unwrap();
        let october = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(deadlines.after(late_evening, 1), october("2026-10-07T17:00:00Z"), "1 October in China already");
        assert_eq!(deadlines.end_of_review(since), october("2026-10-13T15:30:00Z"));
        assert_eq!(deadlines.missing_year(december), Some(2027));
        assert_eq!(deadlines.missing_year(since), None);
    }

    #[test]
    fn the_law_counts_from_the_submission_and_the_target_from_the_review() {
        let deadlines = Deadlines::of_release();
        // Monday, and the checks took until Thursday.
        let [submitted_at, since]: [DateTime<Utc>; 2] =
            ["2026-11-16T02:00:00Z", "2026-11-19T02:00:00Z"].map(|text| text.parse().unwrap());
        let deadline = deadlines.of(submitted_at, since, since);
        assert_eq!(
            (deadline.due.to_string(), deadline.due_by_law.to_string()),
            ("2026-11-20".into(), "2026-11-23".into())
        );
        let of_order = deadlines.end_of_review(submitted_at);
        assert_eq!(crate::china::day(of_order), deadline.due_by_law, "the calendar of the order says the same");
    }
}
