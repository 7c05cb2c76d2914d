//! What several bureaus vary in the same way: licensed words with a commitment or without, plans as PDF, traders
//! without a trade name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use icp_rules_sdk::book::*;
use icp_rules_sdk::national::{ALL_LICENSED_WORDS, NATIONAL, PROVIDERS_AGREE as CITE, licensed_words_with};
use icp_rules_sdk::param::Param;
use icp_rules_sdk::vector::{Vector, summary};
use icp_rules_sdk::{Context, Material, Order, judge};

/// The order of a national vector, for Beijing.
fn case(name: &str) -> (Order, Context) {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors"));
    let vectors = Vector::read_edition(root, "bj", "none").unwrap();
    let vector = vectors.into_iter().find(|vector| vector.name == format!("national/{name}")).unwrap();
    (vector.order, vector.context)
}

fn found(book: &ProvinceBook, (order, context): &(Order, Context)) -> Vec<String> {
    judge::judge(book, order, context).iter().map(summary).collect()
}

fn upload(context: &mut Context, kind: &str, media_type: &str) {
    let material =
        Material { kind: kind.to_owned(), media_type: media_type.to_owned(), size_bytes: 9, ..Material::default() };
    context.materials.get_or_insert_default().push(material);
}

fn book(words: &'static [LicensedWords]) -> ProvinceBook {
    ProvinceBook { licensed_words: Param::blocking(words, CITE), ..NATIONAL }
}

#[test]
fn licensed_words_with_a_commitment_or_none() {
    const COMMITTED: &[LicensedWords] = &licensed_words_with(Instead::Commitment(paper::MATTER_COMMITMENT), false);
    const CUT: &[LicensedWords] = &licensed_words_with(Instead::CutScope, true);
    let finding = ["block C05 services[0].name (licensed_words)"];
    assert_eq!((ALL_LICENSED_WORDS.first(), ALL_LICENSED_WORDS.last()), (Some(&"新闻"), Some(&"网游")));
    let mut news = case("company-clean");
    news.0.services[0].name = "示例灯塔新闻".to_owned();
    assert_eq!(found(&book(COMMITTED), &news), finding);
    upload(&mut news.1, "matter-commitment", "image/jpeg");
    assert!(found(&book(COMMITTED), &news).is_empty());
    assert_eq!(found(&book(CUT), &news), finding);
    let tutoring = case("tutoring-committed");
    assert!(found(&book(COMMITTED), &tutoring).is_empty(), "tutoring keeps its own commitment");
    assert_eq!(found(&book(CUT), &tutoring), finding);
    let mut scope = case("company-clean");
    scope.1.enterprise.as_mut().unwrap().business_scope = Some("出版物零售".to_owned());
    assert!(found(&book(COMMITTED), &scope).is_empty());
    assert_eq!(found(&book(CUT), &scope), ["block C05 enterprise.business_scope (licensed_words)"]);
}

#[test]
fn a_plan_may_be_a_pdf() {
    for (kind, expected) in [("site-plan", 0), ("unit-letter", 1)] {
        let mut order = case("company-clean");
        upload(&mut order.1, kind, "application/pdf");
        assert_eq!(found(&NATIONAL, &order).len(), expected, "{kind}");
    }
    let mut large = case("company-clean");
    upload(&mut large.1, "site-plan", "application/pdf");
    for material in large.1.materials.iter_mut().flatten().filter(|material| material.kind == "site-plan") {
        material.size_bytes = NATIONAL.picture_bytes_max.value + 1;
    }
    assert!(found(&NATIONAL, &large).is_empty(), "a plan is no picture");
}

#[test]
fn the_register_shows_stars_for_a_trader_without_a_name() {
    for (name, expected) in [("***", 0), ("示例别家有限公司", 1)] {
        let mut order = case("company-clean");
        order.1.enterprise.as_mut().unwrap().name = Some(name.to_owned());
        assert_eq!(found(&NATIONAL, &order).len(), expected, "{name}");
    }
}
