//! Text as rules compare it: full width, case, blanks and invisible characters make no difference.

use icp_domain::names::comparable_name;

/// The text made comparable ([`comparable_name`]) and lower case.
pub fn normalised(text: &str) -> String {
    comparable_name(text).to_lowercase()
}

/// Whether a character is a Chinese one (Han).
pub fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

/// The words of the list that the normalised text holds. Words are written in lower case.
pub fn words_in(normalised_text: &str, words: &[&'static str]) -> Vec<&'static str> {
    words.iter().copied().filter(|word| normalised_text.contains(word)).collect()
}

/// Whether a field was left empty.
pub fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tricks_do_not_hide_a_word() {
        assert_eq!(normalised("小城 工\u{200b}作室 ＡＢｃ"), "小城工作室abc");
        assert_eq!(words_in(&normalised("工 作 室"), &["工作室", "官网"]), vec!["工作室"]);
    }
}
