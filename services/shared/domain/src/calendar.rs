//! Working days (工作日) of mainland China: weekdays without the public holidays, with the weekend days that are worked
//! in exchange.
//!
//! The holidays of a year are fixed by a notice of the State Council late in the year before, so no calendar knows them
//! all. A year without data is reckoned by weekdays, because deadlines of January must be told in December; whoever
//! tells a date asks [`Calendar::first_unknown_year`] and says that the date is an assumption.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, Weekday};
use serde::Deserialize;

/// The calendar that comes with this release, as TOML; a newer one may be read from a file.
pub const CALENDAR: &str = include_str!("../data/working-days.toml");

/// Which days are worked, for the years that it knows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "File")]
pub struct Calendar {
    years: BTreeMap<i32, Year>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Year {
    off: BTreeSet<NaiveDate>,
    worked: BTreeSet<NaiveDate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    year: Vec<YearOfFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YearOfFile {
    year: i32,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "published")]
    _published: NaiveDate,
    off: Vec<(NaiveDate, NaiveDate)>,
    worked: Vec<NaiveDate>,
}

/// Why a calendar is not usable; each names the place and what is expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The same year twice.
    #[error("year {0} stands twice: keep one")]
    YearTwice(i32),
    /// A span or day of another year.
    #[error("{date} stands under year {year}: move it to its own year")]
    OtherYear {
        /// Year that it stands under.
        year: i32,
        /// The day.
        date: NaiveDate,
    },
    /// A span that ends before it begins.
    #[error("off: {first} to {last} ends before it begins: give the first day first")]
    Backwards {
        /// First day.
        first: NaiveDate,
        /// Last day.
        last: NaiveDate,
    },
    /// A worked day that is a weekday, or a holiday as well.
    #[error("worked: {0} is no Saturday or Sunday outside the holidays: remove it")]
    NotExchanged(NaiveDate),
}

impl TryFrom<File> for Calendar {
    type Error = CalendarError;

    fn try_from(file: File) -> Result<Self, CalendarError> {
        let mut years = BTreeMap::new();
        for given in file.year {
            let year = given.year;
            let own = |date: NaiveDate| {
                if date.year() == year { Ok(date) } else { Err(CalendarError::OtherYear { year, date }) }
            };
            let mut off = BTreeSet::new();
            for (first, last) in given.off {
                let (first, last) = (own(first)?, own(last)?);
                if last < first {
                    return Err(CalendarError::Backwards { first, last });
                }
                off.extend(first.iter_days().take_while(|date| *date <= last));
            }
            let mut worked = BTreeSet::new();
            for date in given.worked {
                if !is_weekend(own(date)?) || off.contains(&date) {
                    return Err(CalendarError::NotExchanged(date));
                }
                worked.insert(date);
            }
            if years.insert(year, Year { off, worked }).is_some() {
                return Err(CalendarError::YearTwice(year));
            }
        }
        Ok(Self { years })
    }
}

impl Calendar {
    /// Whether people work on this day. In a year without data: whether it is a weekday.
    pub fn is_working_day(&self, date: NaiveDate) -> bool {
        match self.years.get(&date.year()) {
            Some(year) => year.worked.contains(&date) || !(is_weekend(date) || year.off.contains(&date)),
            None => !is_weekend(date),
        }
    }

    /// The `n`th working day after `date`, which itself does not count; `date` when `n` is 0.
    pub fn working_days_after(&self, date: NaiveDate, n: u32) -> NaiveDate {
        let Ok(n) = usize::try_from(n) else { return NaiveDate::MAX };
        let Some(before) = n.checked_sub(1) else { return date };
        date.iter_days().skip(1).filter(|date| self.is_working_day(*date)).nth(before).unwrap_or(NaiveDate::MAX)
    }

    /// How many working days lie after `date`, up to and with `until`; 0 when `until` is not later.
    pub fn working_days_between(&self, date: NaiveDate, until: NaiveDate) -> usize {
        date.iter_days().skip(1).take_while(|date| *date <= until).filter(|date| self.is_working_day(*date)).count()
    }

    /// The first year from `first` to `last` without data: what was reckoned there is an assumption.
    pub fn first_unknown_year(&self, first: NaiveDate, last: NaiveDate) -> Option<i32> {
        (first.year()..=last.year()).find(|year| !self.years.contains_key(year))
    }
}

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn calendar() -> Calendar {
        toml::from_str(CALENDAR).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn holidays_and_exchanged_weekends_are_those_of_the_notices() {
        let calendar = calendar();
        for (date, is_worked) in [
            ("2024-02-09", true),  // the eve of the spring festival is a working day in 2024
            ("2024-02-12", false), // a Monday in the spring festival
            ("2024-02-18", true),  // a Sunday that is worked
            ("2025-01-28", false),
            ("2025-10-08", false),
            ("2025-10-11", true), // a Saturday that is worked
            ("2026-01-04", true), // a Sunday that is worked
            ("2026-02-23", false),
            ("2026-11-20", true),
            ("2026-11-21", false),
        ] {
            assert_eq!(calendar.is_working_day(day(date)), is_worked, "{date}");
        }
    }

    #[test]
    fn each_year_has_as_many_working_days_as_its_notice_leaves() {
        // Statutory holidays were 11 days up to 2024 and are 13 since 2025.
        let days = |year: i32| {
            let (before, last) = (format!("{}-12-31", year - 1), format!("{year}-12-31"));
            calendar().working_days_between(day(&before), day(&last))
        };
        assert_eq!([days(2024), days(2025), days(2026)], [251, 248, 248]);
    }

    #[test]
    fn deadlines_step_over_holidays() {
        let calendar = calendar();
        assert_eq!(calendar.working_days_after(day("2026-09-30"), 1), day("2026-10-08"));
        // Thursday, Friday, and the Saturday that is worked.
        assert_eq!(calendar.working_days_after(day("2026-09-30"), 3), day("2026-10-10"));
        assert_eq!(calendar.working_days_after(day("2026-11-20"), 5), day("2026-11-27"));
        assert_eq!(calendar.working_days_between(day("2026-09-30"), day("2026-10-10")), 3);
        assert_eq!(calendar.working_days_between(day("2026-10-10"), day("2026-09-30")), 0);
    }

    #[test]
    fn a_year_without_data_goes_by_weekdays_and_is_named() {
        let calendar = calendar();
        assert_eq!(calendar.working_days_after(day("2026-12-31"), 1), day("2027-01-01"));
        assert_eq!(calendar.first_unknown_year(day("2026-12-31"), day("2027-01-01")), Some(2027));
        assert_eq!(calendar.first_unknown_year(day("2024-01-01"), day("2026-12-31")), None);
    }

    #[test]
    fn a_wrong_file_is_refused_with_the_place() {
        let read = |year: i32, off: &str, worked: &str| {
            let text = format!(
                "[[year]]\nyear = {year}\nsource = \"\"\npublished = \"2026-01-01\"\noff = {off}\nworked = {worked}\n"
            );
            toml::from_str::<Calendar>(&text).map_err(|error| error.to_string())
        };
        assert!(read(2027, r#"[["2027-01-01", "2027-01-03"]]"#, r#"["2027-01-09"]"#).is_ok());
        for (off, worked, expected) in [
            (r#"[["2028-01-01", "2028-01-01"]]"#, "[]", "2028-01-01 stands under year 2027"),
            (r#"[["2027-01-03", "2027-01-01"]]"#, "[]", "2027-01-03 to 2027-01-01 ends before it begins"),
            ("[]", r#"["2027-01-04"]"#, "2027-01-04 is no Saturday or Sunday"),
            (r#"[["2027-01-01", "2027-01-03"]]"#, r#"["2027-01-02"]"#, "2027-01-02 is no Saturday or Sunday"),
        ] {
            let error = read(2027, off, worked).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let twice = format!("{CALENDAR}{CALENDAR}");
        assert!(toml::from_str::<Calendar>(&twice).unwrap_err().to_string().contains("year 2024 stands twice"));
    }

    fn any_day() -> impl Strategy<Value = NaiveDate> {
        // With years before and after the data.
        (0_i64..2000).prop_map(|days| day("2023-01-01") + TimeDelta::days(days))
    }

    proptest! {
        #[test]
        fn counting_is_the_inverse_of_stepping(date in any_day(), n in 1_u32..60) {
            let calendar = calendar();
            let due = calendar.working_days_after(date, n);
            prop_assert!(calendar.is_working_day(due));
            prop_assert_eq!(calendar.working_days_between(date, due), usize::try_from(n).unwrap());
        }

        #[test]
        fn steps_add_up(date in any_day(), n in 0_u32..30, more in 0_u32..30) {
            let calendar = calendar();
            let in_one = calendar.working_days_after(date, n + more);
            prop_assert_eq!(calendar.working_days_after(calendar.working_days_after(date, n), more), in_one);
        }

        #[test]
        fn a_later_day_is_never_due_earlier(date in any_day(), later in 0_i64..40, n in 0_u32..30) {
            let calendar = calendar();
            let due = calendar.working_days_after(date, n);
            prop_assert!(calendar.working_days_after(date + TimeDelta::days(later), n) >= due);
        }
    }
}
