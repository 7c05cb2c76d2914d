//! What a book says about itself.

use crate::book::ProvinceBook;
use crate::{Description, Parameter};

/// The book's description: every parameter, every document, every item of the checklist.
pub fn describe(book: &ProvinceBook) -> Description {
    Description {
        province: book.province.letters().to_owned(),
        bureau: book.bureau.to_owned(),
        version: book.version.to_owned(),
        effective_from: book.effective_from,
        effective_to: book.effective_to,
        parameters: parameters(book),
    }
}

fn parameters(book: &ProvinceBook) -> Vec<Parameter> {
    let mut list = book.parameters();
    for document in book.documents_national.iter().chain(book.documents) {
        list.push(Parameter {
            name: format!("documents.{}", document.paper.kind),
            value: format!("{}（{:?}）", document.paper.title_zh, document.when),
            severity: document.severity,
            source: document.cite.into(),
        });
        let name = || format!("documents.{}.good_for", document.paper.kind);
        list.extend(document.good_for.iter().map(|limit| limit.describe(&name())));
    }
    for item in book.review_items_national.iter().chain(book.review_items) {
        list.push(Parameter {
            name: format!("review_items.{}", item.name),
            value: item.text_zh.to_owned(),
            severity: crate::Severity::Review,
            source: item.cite.into(),
        });
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::national::NATIONAL;

    #[test]
    fn every_parameter_is_described_once() {
        let list = describe(&NATIONAL).parameters;
        assert_eq!(
            list.iter().filter(|parameter| !parameter.name.contains('.')).count(),
            ProvinceBook::PARAMETERS.len()
        );
        for (index, parameter) in list.iter().enumerate() {
            assert!(list.iter().skip(index + 1).all(|other| other.name != parameter.name), "{} twice", parameter.name);
            assert!(!parameter.value.is_empty() && !parameter.source.title.is_empty(), "{}", parameter.name);
        }
    }
}
