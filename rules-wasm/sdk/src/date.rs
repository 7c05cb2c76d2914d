//! Calendar arithmetic on the contract's dates.

use chrono::NaiveDate;

use crate::Date;

impl Date {
    /// A date; months count from 1.
    pub const fn new(year: u16, month: u8, day: u8) -> Self {
        Self { year, month, day }
    }

    /// Days since 1970-01-01 (proleptic Gregorian calendar).
    pub fn days(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// Days from `earlier` to this date; negative when this one lies before.
    pub fn days_since(self, earlier: Date) -> i64 {
        self.days() - earlier.days()
    }

    /// Full years from a birth date to this date.
    pub fn full_years_since(self, birth: Date) -> i64 {
        let had_birthday = (self.month, self.day) >= (birth.month, birth.day);
        i64::from(self.year) - i64::from(birth.year) - i64::from(!had_birthday)
    }

    /// Mondays to Fridays after `earlier` up to this date. Holidays are not known here, so the answer is
    /// never too small.
    pub fn weekdays_since(self, earlier: Date) -> i64 {
        let (from, to) = (earlier.days(), self.days());
        let weeks = (to - from).div_euclid(7);
        let rest = (from + weeks * 7 + 1..=to).filter(|day| (day + 3).rem_euclid(7) < 5).count();
        weeks * 5 + i64::try_from(rest).unwrap_or_default()
    }

    /// The same day for chrono; none when the calendar has no such day.
    pub fn to_naive(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(i32::from(self.year), u32::from(self.month), u32::from(self.day))
    }

    /// ISO 8601, e.g. `2026-11-21`.
    pub fn iso(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_agree_with_known_dates() {
        assert_eq!(Date::new(1970, 1, 1).days(), 0);
        assert_eq!(Date::new(2000, 3, 1).days(), 11_017);
        assert_eq!(Date::new(2026, 11, 21).days(), 20_778);
        assert_eq!(Date::new(2024, 2, 29).days() + 1, Date::new(2024, 3, 1).days());
    }

    #[test]
    fn age_grows_on_the_birthday() {
        let birth = Date::new(2008, 11, 21);
        assert_eq!(Date::new(2026, 11, 20).full_years_since(birth), 17);
        assert_eq!(Date::new(2026, 11, 21).full_years_since(birth), 18);
    }

    #[test]
    fn weekends_are_not_counted() {
        // 2026-11-20 is a Friday.
        let friday = Date::new(2026, 11, 20);
        assert_eq!(Date::new(2026, 11, 22).weekdays_since(friday), 0);
        assert_eq!(Date::new(2026, 11, 23).weekdays_since(friday), 1);
        assert_eq!(Date::new(2026, 12, 4).weekdays_since(friday), 10);
    }
}
