//! A small XML tree for reading and a checked writer.
//!
//! The bureau's documents are read in any element order, with or without namespace prefixes, so they
//! are first turned into a tree of local names. Document type definitions are refused: the interface
//! has none, and they are the way to entity attacks.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Deepest nesting that is read; the interface needs nine levels.
const MAX_DEPTH: usize = 32;
/// Most elements that are read in one document.
const MAX_ELEMENTS: usize = 4_000_000;

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// The document is not well-formed.
    #[error("the document is not well-formed XML: {0}")]
    Malformed(String),
    /// The document has a document type definition.
    #[error("the document has a DOCTYPE, which is refused")]
    Doctype,
    /// The document is deeper or larger than the limits of the reader.
    #[error("the document exceeds the limit of {0}")]
    Limit(&'static str),
    /// The document has no root element.
    #[error("the document is empty")]
    Empty,
}

/// One element: its local name, its text without that of its children, and its children in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Name without prefix.
    pub name: String,
    /// All text directly inside, references resolved, CDATA included.
    pub text: String,
    /// Child elements in document order.
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a document and returns its root element.
    pub fn parse(document: &str) -> Result<Self, XmlError> {
        let mut reader = Reader::from_str(document);
        let mut open: Vec<Element> = Vec::new();
        let mut root: Option<Element> = None;
        let mut elements = 0_usize;
        loop {
            let event = reader.read_event().map_err(|error| XmlError::Malformed(error.to_string()))?;
            match event {
                Event::Start(start) => {
                    elements += 1;
                    if open.len() >= MAX_DEPTH {
                        return Err(XmlError::Limit("32 levels"));
                    }
                    if elements > MAX_ELEMENTS {
                        return Err(XmlError::Limit("4,000,000 elements"));
                    }
                    if root.is_some() {
                        return Err(XmlError::Malformed("more than one root element".into()));
                    }
                    open.push(Element::named(start.local_name().as_ref()));
                }
                Event::Empty(start) => {
                    elements += 1;
                    if elements > MAX_ELEMENTS {
                        return Err(XmlError::Limit("4,000,000 elements"));
                    }
                    close(Element::named(start.local_name().as_ref()), &mut open, &mut root)?;
                }
                Event::End(_) => {
                    let done = open.pop().ok_or_else(|| XmlError::Malformed("an end tag without its start".into()))?;
                    close(done, &mut open, &mut root)?;
                }
                Event::Text(text) => append(&mut open, &text.xml10_content())?,
                Event::CData(text) => append(&mut open, &text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let resolved = match reference.resolve_char_ref() {
                        Ok(Some(character)) => character.to_string(),
                        Ok(None) => predefined(&reference.xml10_content())?.to_owned(),
                        Err(error) => return Err(XmlError::Malformed(error.to_string())),
                    };
                    append(&mut open, &resolved)?;
                }
                Event::DocType(_) => return Err(XmlError::Doctype),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => break,
            }
        }
        if !open.is_empty() {
            return Err(XmlError::Malformed("the document ends inside an element".into()));
        }
        root.ok_or(XmlError::Empty)
    }

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The first child with this local name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children with this local name.
    pub fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> + 'a {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The trimmed text of the first child with this name; `None` when absent or blank.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// The first element with this local name, here or below, depth first.
    pub fn find(&self, name: &str) -> Option<&Element> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }

    /// Writes the element and everything below it again, without namespaces.
    pub fn to_xml(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out);
        out
    }

    fn write_to(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        out.push('>');
        escape_into(&self.text, out);
        for child in &self.children {
            child.write_to(out);
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }
}

fn close(done: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None if root.is_none() => *root = Some(done),
        None => return Err(XmlError::Malformed("more than one root element".into())),
    }
    Ok(())
}

fn append(open: &mut [Element], text: &str) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(XmlError::Malformed("text outside the root element".into())),
    }
    Ok(())
}

fn predefined(name: &str) -> Result<&'static str, XmlError> {
    match name {
        "lt" => Ok("<"),
        "gt" => Ok(">"),
        "amp" => Ok("&"),
        "quot" => Ok("\""),
        "apos" => Ok("'"),
        other => Err(XmlError::Malformed(format!("unknown entity `{other}`"))),
    }
}

/// Whether XML 1.0 allows the character in a document.
pub fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Appends text with the markup characters escaped.
pub fn escape_into(text: &str, out: &mut String) {
    let mut rest = text;
    // Whole stretches are copied: most of a record is the base64 of pictures, which has nothing to escape.
    while let Some(at) = first_special(rest.as_bytes()) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(match special.as_bytes().first() {
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            Some(b'&') => "&amp;",
            Some(b'"') => "&quot;",
            _ => "&#13;",
        });
        rest = special.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// Where the first byte is that must be escaped. A stretch is looked at as a whole first, many bytes at once.
fn first_special(text: &[u8]) -> Option<usize> {
    const STRETCH: usize = 64;
    let is_special = |byte: &u8| matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\r');
    let has_special = |stretch: &&[u8]| stretch.iter().fold(false, |found, byte| found | is_special(byte));
    let (index, stretch) = text.chunks(STRETCH).enumerate().find(|(_, stretch)| has_special(stretch))?;
    stretch.iter().position(is_special).map(|at| index * STRETCH + at)
}

/// Writes elements without namespaces. Text must have been checked with [`is_xml_char`].
#[derive(Debug, Default)]
pub struct XmlWriter {
    out: String,
}

impl XmlWriter {
    /// A writer whose output begins with `prolog`.
    pub fn with_prolog(prolog: &str) -> Self {
        Self { out: prolog.to_owned() }
    }

    /// Writes `<tag>`, then what `inside` writes, then `</tag>`.
    pub fn element(&mut self, tag: &str, inside: impl FnOnce(&mut Self)) {
        self.out.push('<');
        self.out.push_str(tag);
        self.out.push('>');
        inside(self);
        self.out.push_str("</");
        // A start tag may carry attributes; its name ends at the first blank.
        self.out.push_str(tag.split(' ').next().unwrap_or(tag));
        self.out.push('>');
    }

    /// Writes an element that has only text.
    pub fn leaf(&mut self, tag: &str, text: &str) {
        self.element(tag, |writer| escape_into(text, &mut writer.out));
    }

    /// Writes an element that has only text, if there is a value.
    pub fn optional(&mut self, tag: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.leaf(tag, text);
        }
    }

    /// Writes an element with a number.
    pub fn number(&mut self, tag: &str, value: impl Into<i64>) {
        let value: i64 = value.into();
        self.leaf(tag, &value.to_string());
    }

    /// The document.
    pub fn finish(self) -> String {
        self.out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn prefixes_cdata_references_and_order_do_not_matter() {
        let root = Element::parse(
            "<?xml version=\"1.0\"?><!-- c --><x:a xmlns:x=\"u\"><x:b>1 &lt; <![CDATA[<2>]]>&#38;&#x41;</x:b><c/></x:a>",
        )
        .unwrap();
        assert_eq!(root.name, "a");
        assert_eq!(root.text_of("b"), Some("1 < <2>&A"));
        assert_eq!(root.text_of("c"), None);
        assert!(root.find("c").is_some());
        assert_eq!(Element::parse(&root.to_xml()).unwrap(), root);
    }

    #[test]
    fn hostile_documents_are_refused() {
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        let cases = [
            ("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", XmlError::Doctype),
            ("", XmlError::Empty),
            (deep.as_str(), XmlError::Limit("32 levels")),
        ];
        for (document, expected) in cases {
            assert_eq!(Element::parse(document), Err(expected), "{document}");
        }
        for document in ["<a>", "<a></b>", "<a/><b/>", "<a>&x;</a>", "text", "<a/>text", "</a>"] {
            assert!(
                matches!(Element::parse(document), Err(XmlError::Malformed(_))),
                "{document}: {:?}",
                Element::parse(document)
            );
        }
    }

    #[test]
    fn the_writer_escapes_and_closes_tags_with_attributes() {
        let mut writer = XmlWriter::with_prolog("");
        writer.element("a version=\"1\"", |w| {
            w.leaf("b", "<&>\"\r");
            w.number("n", 7_u32);
            w.optional("o", None);
        });
        let text = writer.finish();
        assert_eq!(text, "<a version=\"1\"><b>&lt;&amp;&gt;&quot;&#13;</b><n>7</n></a>");
        assert_eq!(Element::parse(&text).unwrap().text_of("n"), Some("7"));
    }

    #[test]
    fn control_characters_are_not_xml() {
        for bad in ['\0', '\u{8}', '\u{B}', '\u{1F}', '\u{FFFE}', '\u{FFFF}'] {
            assert!(!is_xml_char(bad), "{bad:?}");
        }
        for good in ['\t', '\n', ' ', '浙', '𬱖', '\u{10FFFF}'] {
            assert!(is_xml_char(good), "{good:?}");
        }
    }
}
