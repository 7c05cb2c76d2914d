//! Days as the bureaus count them: in China, eight hours ahead of UTC all the year round.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, Utc};

const UTC_OFFSET_SECONDS: i32 = 8 * 3600;

/// The date in China at this time.
pub fn day(time: DateTime<Utc>) -> NaiveDate {
    FixedOffset::east_opt(UTC_OFFSET_SECONDS)
        .map_or(time.date_naive(), |offset| time.with_timezone(&offset).date_naive())
}

/// When a day begins in China.
pub fn start(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() - chrono::TimeDelta::seconds(UTC_OFFSET_SECONDS.into())
}

/// When a day is over in China.
pub fn end(day: NaiveDate) -> DateTime<Utc> {
    day.checked_add_days(Days::new(1)).map_or(DateTime::<Utc>::MAX_UTC, start)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_china_begins_at_four_in_the_afternoon() {
        let date: NaiveDate = "2026-11-22".parse().unwrap();
        assert_eq!(start(date).to_rfc3339(), "2026-11-21T16:00:00+00:00");
        assert_eq!((day(start(date)), day(end(date))), (date, date.succ_opt().unwrap()));
    }
}
