//! The upload number (dataSequence): a positive counter of four bytes per account, one more for every
//! upload that the bureau *accepted* (bureau-interface §5). A number is never skipped.

/// The number of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(u32);

/// Why a counter cannot advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SequenceError {
    /// The counter has four bytes; the interface does not say what follows the last number.
    #[error("the upload counter is exhausted")]
    Exhausted,
    /// The accepted upload is not the one that comes next.
    #[error("upload {accepted} was accepted, but {expected} comes next")]
    NotNext {
        /// Number accepted.
        accepted: u32,
        /// Number expected.
        expected: u32,
    },
}

impl Sequence {
    /// Largest number: the interface's type is a signed integer of four bytes.
    const LAST: u32 = i32::MAX as u32;

    /// The number itself; 0 when nothing was accepted yet.
    pub fn value(self) -> u32 {
        self.0
    }

    /// State of a counter whose last accepted upload is `value`; `None` outside four bytes.
    pub fn from_last_accepted(value: u32) -> Option<Self> {
        (value <= Self::LAST).then_some(Self(value))
    }

    /// The number that the next upload must carry.
    pub fn next(self) -> Result<Self, SequenceError> {
        if self.0 >= Self::LAST {
            return Err(SequenceError::Exhausted);
        }
        Ok(Self(self.0 + 1))
    }

    /// The counter after the bureau accepted `accepted`.
    pub fn accept(self, accepted: Sequence) -> Result<Self, SequenceError> {
        let expected = self.next()?;
        if accepted != expected {
            return Err(SequenceError::NotNext { accepted: accepted.0, expected: expected.0 });
        }
        Ok(accepted)
    }
}

impl std::fmt::Display for Sequence {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn it_starts_at_one_and_never_skips() {
        let none = Sequence::default_for_test();
        let first = none.next().unwrap();
        assert_eq!(first.value(), 1);
        assert_eq!(none.accept(first), Ok(first));
        let third = first.next().unwrap().next().unwrap();
        assert_eq!(first.accept(third), Err(SequenceError::NotNext { accepted: 3, expected: 2 }));
        assert!(first.accept(first).is_err(), "the same number is not accepted twice");
    }

    #[test]
    fn it_ends_with_four_bytes() {
        let last = Sequence::from_last_accepted(i32::MAX as u32).unwrap();
        assert_eq!(last.next(), Err(SequenceError::Exhausted));
        assert_eq!(Sequence::from_last_accepted(i32::MAX as u32 + 1), None);
    }

    impl Sequence {
        fn default_for_test() -> Self {
            Self::from_last_accepted(0).unwrap()
        }
    }
}
