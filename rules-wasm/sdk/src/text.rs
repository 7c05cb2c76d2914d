//! Text as rules compare it: full width, case, blanks and invisible characters make no difference.

use std::borrow::Cow;

use icp_domain::names::comparable_name;

/// The text made comparable ([`comparable_name`]) and lower case.
pub fn normalised(text: &str) -> String {
    comparable(text).into_owned()
}

/// As [`normalised`], without a copy where the text is so already: most are.
pub fn comparable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut comparable = comparable_name(text);
    if comparable.chars().any(char::is_uppercase) {
        comparable = comparable.to_lowercase();
    }
    Cow::Owned(comparable)
}

/// Characters that stay as they are; of others it is looked up.
fn is_plain(character: char) -> bool {
    is_common_han(character) || matches!(character, '!'..='@' | '['..='~' | '、' | '。' | '·')
}

/// The text in lower case, without a copy where it is so already.
pub fn lower(text: &str) -> Cow<'_, str> {
    if is_lower_ascii(text) || text.chars().all(|character| is_plain(character) || character == ' ') {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// Looks at every byte, because a round without a way out is made several at a time.
fn is_lower_ascii(text: &str) -> bool {
    text.bytes().fold(true, |is_lower, byte| is_lower & byte.is_ascii() & !byte.is_ascii_uppercase())
}

/// A normalised text that many words are looked for in: most are ruled out by a character that it does not hold.
#[derive(Debug, Clone, Default)]
pub struct Searchable<'a> {
    text: Cow<'a, str>,
    held: Held,
}

impl<'a> Searchable<'a> {
    /// Normalises a text.
    pub fn new(text: &'a str) -> Self {
        match Held::of_plain(text) {
            Some(held) => Self { text: Cow::Borrowed(text), held },
            None => Self::of(comparable(text)),
        }
    }

    /// Only makes a text lower case.
    pub fn lower(text: &'a str) -> Self {
        Self::of(lower(text))
    }

    fn of(text: Cow<'a, str>) -> Self {
        let held = Held::of(&text);
        Self { text, held }
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it holds the word.
    pub fn contains(&self, word: &str) -> bool {
        self.held.may_hold(word) && contains(&self.text, word)
    }

    /// Whether it holds one of the words. Words are written in lower case.
    pub fn contains_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.contains(word))
    }

    /// The text without the words.
    pub fn without(&self, words: &[&str]) -> Cow<'_, Self> {
        if self.contains_any(words) {
            let text = words.iter().fold(self.text.clone().into_owned(), |text, word| text.replace(word, ""));
            Cow::Owned(Self::of(Cow::Owned(text)))
        } else {
            Cow::Borrowed(self)
        }
    }
}

/// Which characters a text holds, by the lowest bits of their numbers: a word whose first or last character is not
/// among them is not in the text.
#[derive(Debug, Clone, Copy, Default)]
struct Held([u64; 16]);

impl Held {
    fn of(text: &str) -> Self {
        let mut held = Self::default();
        text.chars().for_each(|character| held.add(u32::from(character)));
        held
    }

    /// Also says whether all characters of the text are plain, which one round over it tells.
    fn of_plain(text: &str) -> Option<Self> {
        let mut held = Self::default();
        for character in text.chars() {
            if !is_plain(character) {
                return None;
            }
            held.add(u32::from(character));
        }
        Some(held)
    }

    fn add(&mut self, number: u32) {
        let (place, bit) = Self::place(number);
        if let Some(bits) = self.0.get_mut(place) {
            *bits |= bit;
        }
    }

    fn place(number: u32) -> (usize, u64) {
        ((number >> 6) as usize % 16, 1 << (number % 64))
    }

    fn may_hold(&self, word: &str) -> bool {
        let holds = |number: u32| {
            let (place, bit) = Self::place(number);
            self.0.get(place).is_some_and(|bits| bits & bit != 0)
        };
        first_of(word).is_none_or(holds) && last_of(word).is_none_or(holds)
    }
}

/// The number of the first character; of the usual ones at least those of its bits that [`Held`] looks at.
fn first_of(word: &str) -> Option<u32> {
    match word.as_bytes() {
        [0xe0..=0xef, second, third, ..] => Some(lower_bits(*second, *third)),
        _ => word.chars().next().map(u32::from),
    }
}

/// As [`first_of`], of the last character.
fn last_of(word: &str) -> Option<u32> {
    match word.as_bytes() {
        [.., 0xe0..=0xef, second, third] => Some(lower_bits(*second, *third)),
        _ => word.chars().next_back().map(u32::from),
    }
}

/// The lower twelve bits of a character of three bytes in UTF-8.
fn lower_bits(second: u8, third: u8) -> u32 {
    u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f)
}

/// Whether a character is one of the Chinese ones (Han) of everyday: all of them are letters and have no cases.
pub fn is_common_han(character: char) -> bool {
    matches!(character, '\u{4e00}'..='\u{9fff}')
}

/// Whether a character is a Chinese one (Han).
pub fn is_han(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

/// Whether the text holds the word. Names are short, so a plain scan beats a search that prepares the word.
pub fn contains(text: &str, word: &str) -> bool {
    place_of(text, word).is_some()
}

/// What follows a word in a text that holds it.
pub fn after<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    text.get(place_of(text, word)? + word.len()..)
}

/// Goes from character to character: a word begins where one does.
fn place_of(text: &str, word: &str) -> Option<usize> {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let (Some(first), Some(last)) = (word.first(), word.last()) else { return Some(0) };
    let last_start = text.len().checked_sub(word.len())?;
    let mut start = 0;
    while start <= last_start {
        let candidate = text.get(start..start + word.len())?;
        let lead = candidate.first()?;
        if lead == first && candidate.last() == Some(last) && candidate == word {
            return Some(start);
        }
        start += match lead {
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0.. => 4,
        };
    }
    None
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
    fn a_text_is_copied_only_when_it_changes() {
        for text in ["示例灯塔科技有限公司", "a-b_1@x.cn", "甲、乙·丙。"] {
            assert!(matches!(comparable(text), Cow::Borrowed(_)), "{text}");
            assert_eq!(comparable_name(text).to_lowercase(), text);
        }
        for text in ["Ab", "（甲）", "甲 乙", "é", "ǅ"] {
            assert!(matches!(comparable(text), Cow::Owned(_)), "{text}");
        }
        assert_eq!((lower("a.cn"), lower("A.cn"), lower("ÄÖ.cn")), ("a.cn".into(), "a.cn".into(), "äö.cn".into()));
    }

    #[test]
    fn a_searchable_text_finds_what_a_scan_finds() {
        let characters = ['示', '例', '灯', '塔', 'a', 'b', '1', '中', '国', '\u{9fff}'];
        // Every text of three characters and every word of two.
        let texts =
            characters.iter().flat_map(|a| characters.iter().flat_map(|b| characters.iter().map(|c| [*a, *b, *c])));
        let words: Vec<String> =
            characters.iter().flat_map(|a| characters.iter().map(|b| String::from_iter([*a, *b]))).collect();
        for text in texts {
            let text = String::from_iter(text);
            let searchable = Searchable::new(&text);
            for word in words.iter().map(String::as_str).chain(["", "灯", "示例灯塔"]) {
                assert_eq!(searchable.contains(word), text.contains(word), "{text} {word}");
            }
        }
        let text = Searchable::new("游戏机维修");
        assert_eq!(text.without(&["游戏机"]).as_str(), "维修");
        assert!(!text.without(&["游戏机"]).contains("游戏") && text.without(&["网游"]).contains("游戏"));
    }

    #[test]
    fn words_are_found_anywhere() {
        for (text, word, expected) in [
            ("工作室", "工作室", true),
            ("小工作室", "作室", true),
            ("工作", "工作室", false),
            ("", "a", false),
            ("aab", "ab", true),
            ("示例a", "例a", true),
            ("😀灯", "灯", true),
            ("é灯", "灯塔", false),
            ("灯", "", true),
        ] {
            assert_eq!(contains(text, word), expected, "{text} {word}");
            assert_eq!(text.contains(word), expected);
        }
        assert_eq!((after("http://a.cn", "://"), after("a.cn", "://"), after("", "")), (Some("a.cn"), None, Some("")));
    }
}
