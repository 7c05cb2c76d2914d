//! Text as rules compare it: full width, case, blanks and invisible characters make no difference.

use icp_domain::names::comparable_name;

/// The text made comparable ([`comparable_name`]) and lower case.
pub fn normalised(text: &str) -> String {
    let mut comparable = comparable_name(text);
    if comparable.chars().any(char::is_uppercase) {
        comparable = comparable.to_lowercase();
    }
    comparable
}

/// Whether a character is a Chinese one (Han).
pub fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

/// Whether the text holds the word. Names are short, so a plain scan beats a search that prepares the word.
pub fn contains(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let Some(first) = word.first() else { return true };
    let Some(last_start) = text.len().checked_sub(word.len()) else { return false };
    text.iter()
        .take(last_start + 1)
        .enumerate()
        .any(|(start, byte)| byte == first && text.get(start..).is_some_and(|rest| rest.starts_with(word)))
}

/// Whether the normalised text holds one of the words. Words are written in lower case.
pub fn contains_any(normalised_text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| contains(normalised_text, word))
}

/// The words of the list that the normalised text holds. Words are written in lower case.
pub fn words_in(normalised_text: &str, words: &[&'static str]) -> Vec<&'static str> {
    words.iter().copied().filter(|word| contains(normalised_text, word)).collect()
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

    #[test]
    fn words_are_found_anywhere() {
        for (text, word, expected) in [
            ("工作室", "工作室", true),
            ("小工作室", "作室", true),
            ("工作", "工作室", false),
            ("", "a", false),
            ("aab", "ab", true),
        ] {
            assert_eq!(contains(text, word), expected, "{text} {word}");
            assert_eq!(text.contains(word), expected);
        }
    }
}
