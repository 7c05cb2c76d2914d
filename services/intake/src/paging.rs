//! Pages of lists.

/// The last row of a page that is full: behind it the next page begins.
pub fn last_of_full<T>(rows: &[T], limit: i64) -> Option<&T> {
    rows.last().filter(|_| i64::try_from(rows.len()).is_ok_and(|count| count == limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_page_has_a_next_one() {
        assert_eq!(last_of_full(&[7, 8], 2), Some(&8));
        assert_eq!(last_of_full(&[7, 8], 3), None);
        assert_eq!(last_of_full::<u8>(&[], 0), None);
    }
}
