//! Books with one thing changed: what no vector notices is a parameter without a vector.
//!
//! [`Mutate`] says how a value is changed, [`ProvinceBook::mutants`] applies it to every field of the book, and
//! [`run_province`] runs all vectors of a province against each mutant. Changed are bools, numbers (one up, one down),
//! choices (each other one), lists (each entry left out, entries themselves; of long lists of words the first, the
//! middle, the last and all), conditions, and the weight of every rule that can speak. Texts that are only shown
//! (titles, messages, sources) are not changed: no vector sees them.

mod equivalent;
mod run;
mod shapes;

use std::fmt::Debug;

use crate::book::ProvinceBook;
use crate::param::Param;
use crate::{Date, Severity};

pub use run::{Tally, run_province};

/// Lists of words that are longer than this are not tried word by word.
const WORDS_ONE_BY_ONE: usize = 3;

/// A book with one thing changed.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// What was changed, as `describe` names it.
    pub parameter: &'static str,
    /// How, e.g. `value: 90 → 91` or `[0].when.from: Units → Nobody`.
    pub change: String,
    /// The book.
    pub book: ProvinceBook,
}

/// A change and the value that it leads to.
pub type Changed<T> = (String, T);

/// A value that can be changed in ways that matter.
pub trait Mutate: Copy + Debug {
    /// Whether it is a word, of which lists are long.
    const IS_WORD: bool = false;

    /// The value changed in every way.
    fn mutants(&self) -> Vec<Changed<Self>>;

    /// What it is called where it is left out of a list.
    fn label(&self) -> String {
        shown(self)
    }

    /// Whether a rule with this value can never speak, so that its weight does not matter.
    fn is_silent(&self) -> bool {
        false
    }
}

/// Puts the field's name before a change, and the changed field into its place.
pub(crate) fn nested<F, T>(list: Vec<Changed<F>>, name: &str, put: impl Fn(F) -> T) -> Vec<Changed<T>> {
    list.into_iter().map(|(change, value)| (join(name, &change), put(value))).collect()
}

fn join(name: &str, change: &str) -> String {
    let is_joined = name.is_empty() || change.starts_with(['[', '.', ':']);
    if is_joined { format!("{name}{change}") } else { format!("{name}.{change}") }
}

/// `: old → new`.
pub(crate) fn becomes<T: Debug>(old: &T, new: &T) -> String {
    format!(": {} → {}", shown(old), shown(new))
}

/// The debug form, cut where it is long.
pub(crate) fn shown(value: &dyn Debug) -> String {
    const MOST: usize = 60;
    let text = format!("{value:?}");
    if text.chars().count() <= MOST { text } else { text.chars().take(MOST).chain(['…']).collect() }
}

/// Each other one of the choices.
pub(crate) fn others<T: Copy + Debug + PartialEq>(value: &T, all: &[T]) -> Vec<Changed<T>> {
    all.iter().filter(|other| *other != value).map(|other| (becomes(value, other), *other)).collect()
}

macro_rules! numbers {
    ($($kind:ty),*) => {
        $(impl Mutate for $kind {
            fn mutants(&self) -> Vec<Changed<Self>> {
                let neighbours = [self.checked_sub(1), self.checked_add(1)];
                neighbours.into_iter().flatten().map(|other| (becomes(self, &other), other)).collect()
            }
        })*
    };
}

numbers!(u8, u32, u64, usize);

impl Mutate for bool {
    fn mutants(&self) -> Vec<Changed<Self>> {
        others(self, &[true, false])
    }

    fn is_silent(&self) -> bool {
        !*self
    }
}

/// Codes of the interface's tables stand in lists: leaving one out is the change.
impl Mutate for u16 {
    fn mutants(&self) -> Vec<Changed<Self>> {
        Vec::new()
    }
}

impl Mutate for &'static str {
    const IS_WORD: bool = true;

    fn mutants(&self) -> Vec<Changed<Self>> {
        Vec::new()
    }
}

impl Mutate for Date {
    fn mutants(&self) -> Vec<Changed<Self>> {
        // A day need not exist in the calendar to be earlier or later.
        let days = [self.day.checked_sub(1), self.day.checked_add(1)];
        let dates = days.into_iter().flatten().map(|day| Self { day, ..*self });
        dates.map(|date| (format!(": {} → {}", self.iso(), date.iso()), date)).collect()
    }
}

impl<T: Mutate> Mutate for &'static [T] {
    fn mutants(&self) -> Vec<Changed<Self>> {
        let leak = |list: Vec<T>| -> Self { Box::leak(list.into_boxed_slice()) };
        let without = |index: usize| {
            let rest = self.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, entry)| *entry);
            leak(rest.collect())
        };
        let left_out = |index: usize| {
            let entry = self.get(index).map(T::label).unwrap_or_default();
            (format!("[{index}]: without {entry}"), without(index))
        };
        let mut list = Vec::new();
        if T::IS_WORD && self.len() > WORDS_ONE_BY_ONE {
            list.extend([0, self.len() / 2, self.len() - 1].map(left_out));
            list.push((": empty".to_owned(), &[] as Self));
        } else {
            list.extend((0..self.len()).map(left_out));
        }
        for (index, entry) in self.iter().enumerate() {
            let put = |value: T| {
                leak(self.iter().enumerate().map(|(other, old)| if other == index { value } else { *old }).collect())
            };
            list.extend(nested(entry.mutants(), &format!("[{index}]"), put));
        }
        list
    }

    fn is_silent(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Mutate> Mutate for Param<T> {
    fn mutants(&self) -> Vec<Changed<Self>> {
        let mut list = nested(self.value.mutants(), "value", |value| Self { value, ..*self });
        if !self.value.is_silent() {
            list.extend(nested(self.severity.mutants(), "severity", |severity| Self { severity, ..*self }));
        }
        list
    }
}

impl Mutate for Severity {
    /// One that a rule shows even where the machine is less sure than its source: `Rule::reviewed` makes a review of
    /// a block.
    fn mutants(&self) -> Vec<Changed<Self>> {
        let other = match self {
            Self::Advise => Self::Block,
            Self::Review | Self::Block => Self::Advise,
        };
        vec![(becomes(self, &other), other)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::national::NATIONAL;

    fn changes<T: Mutate>(value: T) -> Vec<String> {
        value.mutants().into_iter().map(|(change, _)| change).collect()
    }

    #[test]
    fn values_change_in_every_way() {
        assert_eq!(changes(true), [": true → false"]);
        assert_eq!(changes(90_u32), [": 90 → 89", ": 90 → 91"]);
        assert_eq!(changes(0_u32), [": 0 → 1"]);
        assert_eq!(changes(&[5_u16, 6] as &'static [u16]), ["[0]: without 5", "[1]: without 6"]);
        assert_eq!(
            changes(&["a", "b", "c", "d"] as &'static [&'static str]),
            ["[0]: without \"a\"", "[2]: without \"c\"", "[3]: without \"d\"", ": empty"]
        );
        assert_eq!(changes(Date::new(2020, 5, 1)), [": 2020-05-01 → 2020-05-00", ": 2020-05-01 → 2020-05-02"]);
    }

    #[test]
    fn every_parameter_that_says_something_has_mutants() {
        let mutants = NATIONAL.mutants();
        // Empty lists have nothing to leave out.
        let said = NATIONAL.parameters().into_iter().filter(|parameter| parameter.value != "[]");
        for parameter in said {
            assert!(mutants.iter().any(|mutant| mutant.parameter == parameter.name), "{}", parameter.name);
        }
        for list in ["documents_national", "review_items_national"] {
            assert!(mutants.iter().any(|mutant| mutant.parameter == list), "{list}");
        }
    }

    #[test]
    fn every_mutant_is_another_book() {
        let original = format!("{NATIONAL:?}");
        for mutant in NATIONAL.mutants() {
            assert_ne!(format!("{:?}", mutant.book), original, "{} {}", mutant.parameter, mutant.change);
        }
    }
}
