//! The document of the API: kept in the repository, with examples that are valid.

use std::collections::BTreeSet;

use icp_domain::Filing;
use icp_intake::check::{Examination, with_mended};
use icp_intake::order::RulesVerdict;
use serde_json::Value;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

fn document() -> Value {
    serde_json::to_value(icp_intake::api::document()).unwrap()
}

#[test]
fn the_kept_document_is_that_of_the_code() {
    let text = icp_intake::api::document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(KEPT, &text).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    let renew = "UPDATE_GOLDEN=1 cargo test -p icp-intake --test it openapi::";
    assert!(kept == text, "services/intake/openapi.json is not what the code says; renew it with\n    {renew}");
}

#[test]
fn the_example_of_a_filing_is_valid() {
    let document = document();
    let example = &document["components"]["schemas"]["Filing"]["examples"][0];
    let filing: Filing = serde_json::from_value(example.clone()).unwrap();
    let clean = RulesVerdict { digest: None, version: None, findings: Vec::new() };
    let examined = Examination::new(&filing, Vec::new(), clean).into_verdict();
    assert_eq!(with_mended(&filing, examined.findings, None), [], "form and check characters are right");
    let question = &document["paths"]["/v1/determinations"]["post"]["requestBody"]["content"]["application/json"];
    assert_eq!(question["example"]["certificate"]["number"], filing.organiser.certificate.number);
}

#[test]
fn every_operation_says_what_it_is() {
    let document = document();
    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            assert!(tags.contains(tag), "{method} {path} has the tag `{tag}`, which openapi.rs does not know");
            // Whoever knows a secret address needs no token.
            let is_public = !path.starts_with("/v1/") || method == "options" || path.contains("{secret}");
            assert_eq!(operation["security"].is_null(), is_public, "{method} {path}");
            let named: BTreeSet<&str> = path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
            assert_eq!(
                named,
                in_path.map(|parameter| parameter["name"].as_str().unwrap()).collect(),
                "{method} {path}"
            );
            for parameter in &parameters {
                assert!(parameter["description"].is_string(), "{method} {path}: {}", parameter["name"]);
            }
        }
    }
}

#[test]
fn every_reference_leads_to_a_schema() {
    let document = document();
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document["components"]["schemas"][reference].is_object(), "{reference}");
    }
}

#[test]
fn every_link_of_the_page_leads_somewhere() {
    let page = icp_intake::api::openapi::page::render(&icp_intake::api::document()).unwrap();
    let links: Vec<&str> = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 200, "{}", links.len());
    for link in links {
        assert!(page.contains(&format!("id=\"{link}\"")), "{link}");
    }
}

#[test]
fn no_route_is_registered_without_its_documentation() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api");
    let sources = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for source in sources.filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let text = std::fs::read_to_string(&source).unwrap();
        assert!(!text.contains(".route("), "{}: register it with `routes!`", source.display());
    }
}
