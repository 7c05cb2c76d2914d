//! A small tree of elements: local names only, any prefix, no document type, bounded depth.

use std::fmt::Write;

use quick_xml::escape::escape;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

const DEPTH_MAX: usize = 64;

/// One element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// Local name.
    pub name: String,
    /// Attributes by local name.
    pub attributes: Vec<(String, String)>,
    /// Child elements in their order.
    pub children: Vec<Element>,
    pub(crate) text: String,
}

/// Why a text is not an XML document that we read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("XML at byte {position}: {reason}")]
pub struct XmlError {
    position: u64,
    reason: String,
}

impl Element {
    /// An element without content.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// An element with a text.
    pub fn with_text(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into(), ..Self::default() }
    }

    /// Reads a document.
    pub fn parse(document: &str) -> Result<Self, XmlError> {
        let mut reader = Reader::from_str(document);
        let mut open: Vec<Element> = Vec::new();
        let mut root = None;
        loop {
            let event = reader.read_event();
            let position = reader.buffer_position();
            let fail = |reason: String| XmlError { position, reason };
            let event = event.map_err(|error| fail(error.to_string()))?;
            let closed = match event {
                Event::Start(start) => {
                    if open.len() >= DEPTH_MAX {
                        return Err(fail("too deeply nested".to_owned()));
                    }
                    open.push(begin(&start).map_err(fail)?);
                    None
                }
                Event::Empty(start) => Some(begin(&start).map_err(fail)?),
                Event::End(_) => open.pop(),
                Event::Text(text) => {
                    append(&mut open, &text.xml10_content()).map_err(fail)?;
                    None
                }
                Event::CData(text) => {
                    append(&mut open, &text.xml10_content()).map_err(fail)?;
                    None
                }
                Event::GeneralRef(reference) => {
                    let character = resolve(&reference).map_err(fail)?;
                    append(&mut open, character.encode_utf8(&mut [0; 4])).map_err(fail)?;
                    None
                }
                Event::DocType(_) => return Err(fail("a document type is not taken".to_owned())),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
                Event::Eof => break,
            };
            let Some(closed) = closed else { continue };
            match open.last_mut() {
                Some(parent) => parent.children.push(closed),
                None if root.is_none() => root = Some(closed),
                None => return Err(fail("more than one root".to_owned())),
            }
        }
        let fail = |reason: &str| XmlError { position: reader.buffer_position(), reason: reason.to_owned() };
        if !open.is_empty() {
            return Err(fail("the document ends inside an element"));
        }
        root.ok_or_else(|| fail("there is no element"))
    }

    /// The first child with this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child with this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> + 'a {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text without surrounding white space.
    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// The text at a path of names such as `Zj/Zjhm`; `None` when absent or blank.
    pub fn text_at(&self, path: &str) -> Option<&str> {
        let mut element = self;
        for name in path.split('/') {
            element = element.child(name)?;
        }
        Some(element.text()).filter(|text| !text.is_empty())
    }

    /// An attribute by local name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Adds a child with a text and returns itself.
    #[must_use]
    pub fn and(mut self, name: &str, text: impl Into<String>) -> Self {
        self.children.push(Self::with_text(name, text));
        self
    }

    /// Appends the element to a document.
    pub fn write_to(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            // Writing to a String cannot fail.
            let _ = write!(out, " {name}=\"{}\"", escape(value.as_str()));
        }
        let text = self.text();
        if self.children.is_empty() && text.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        out.push_str(&escape(text));
        for child in &self.children {
            child.write_to(out);
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }

    /// The element as a text without a declaration.
    pub fn to_xml(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out);
        out
    }
}

fn begin(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element::new(start.local_name().as_ref());
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let name = attribute.key.local_name().as_ref().to_owned();
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        element.attributes.push((name, value.into_owned()));
    }
    Ok(element)
}

fn append(open: &mut [Element], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().trim_start_matches('\u{feff}').is_empty() => {}
        None => return Err("text outside of the root".to_owned()),
    }
    Ok(())
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, String> {
    let name = reference.xml10_content();
    let number = match name.strip_prefix('#') {
        None => {
            return match name.as_ref() {
                "lt" => Ok('<'),
                "gt" => Ok('>'),
                "amp" => Ok('&'),
                "apos" => Ok('\''),
                "quot" => Ok('"'),
                _ => Err(format!("the entity &{name}; is not known")),
            };
        }
        Some(number) => number,
    };
    let code = match number.strip_prefix('x') {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => number.parse(),
    };
    let character = code.ok().and_then(char::from_u32);
    character
        .filter(|it| *it >= ' ' || matches!(it, '\t' | '\n' | '\r'))
        .ok_or_else(|| format!("&{name}; is not a character"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn prefixes_references_and_cdata_are_read() {
        let text =
            r#"<?xml version="1.0"?><a:x xmlns:a="urn:a" v="1&lt;2"><b:y> &#20013;&amp;<![CDATA[<z>]]> </b:y></a:x>"#;
        let root = Element::parse(text).unwrap();
        assert_eq!(root.name, "x");
        assert_eq!(root.attribute("v"), Some("1<2"));
        assert_eq!(root.text_at("y"), Some("中&<z>"));
        let written = root.child("y").unwrap().to_xml();
        assert_eq!(written, "<y>中&amp;&lt;z&gt;</y>");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in ["", "<a>", "<a></b>", "<a/><b/>", "text", "<a>&unknown;</a>", "<a>&#0;</a>"] {
            assert!(Element::parse(text).is_err(), "{text}");
        }
        assert!(Element::parse("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").is_err());
        assert!(Element::parse(&"<a>".repeat(1000)).is_err());
    }
}
