//! What needs no bus: keys, signatures, new books, vectors, one order.

use icp_domain::Province;
use icp_testkit::filings::company_filing;

use crate::tool::{icpctl, modules, root, text};

#[test]
fn a_key_is_made_once_and_signs() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("author.key");
    let made = icpctl(&["rules", "key", "new", "author", "--out", text(&key), "--json"]).json();
    assert_eq!(made["public_key_hex"].as_str().unwrap().len(), 64);
    let again = icpctl(&["rules", "key", "new", "author", "--out", text(&key)]);
    assert!(again.refusal().contains("choose another place"), "{again:?}");

    let module = folder.path().join("zj.wasm");
    std::fs::copy(&modules().zj, &module).unwrap();
    let signed = icpctl(&["rules", "sign", text(&module), "--key", text(&key), "--json"]).json();
    assert_eq!((signed["province"].as_str(), signed["release"]["key_id"].as_str()), (Some("zj"), Some("author")));
    assert!(folder.path().join("zj.release.json").is_file());

    let unsigned = icpctl(&["rules", "sign", text(&module)]);
    assert!(unsigned.refusal().contains("`icpctl rules key new`"), "{unsigned:?}");
    let no_module = icpctl(&["rules", "sign", text(&key), "--key", text(&key)]);
    assert!(no_module.refusal().contains("refused at step compile"), "{no_module:?}");
}

#[test]
fn refusals_are_one_line_with_a_remedy_and_json_on_request() {
    let printed = icpctl(&["rules", "show", "xx"]);
    assert!(printed.refusal().starts_with("`xx` is no province: "), "{printed:?}");
    let no_bus = icpctl(&["rules", "list"]);
    assert!(no_bus.refusal().contains("give --nats <url>"), "{no_bus:?}");
    let dead = icpctl(&["rules", "list", "--nats", "nats://127.0.0.1:1", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&dead.stderr).unwrap();
    assert!(error["error"]["remedy"].as_str().unwrap().contains("--nats"), "{dead:?}");
}

#[test]
fn vectors_run_in_the_module_and_every_failure_is_shown() {
    let good = icpctl(&["rules", "test", "zj", "--module", text(&modules().zj)]);
    assert!(good.is_success && good.stdout.contains("vectors hold"), "{good:?}");
    // A book of which a vector was changed.
    let folder = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp")
        .args(["-r", text(&root().join("rules-wasm/vectors"))])
        .arg(folder.path().join("vectors"))
        .status()
        .unwrap();
    assert!(copied.success());
    std::fs::create_dir(folder.path().join("rules-wasm")).unwrap();
    std::fs::rename(folder.path().join("vectors"), folder.path().join("rules-wasm/vectors")).unwrap();
    let vector = folder.path().join("rules-wasm/vectors/zj/person-name-forbidden.json");
    let changed = std::fs::read_to_string(&vector).unwrap().replace("block N01", "review N01");
    std::fs::write(&vector, changed).unwrap();
    let bad = icpctl(&["--root", text(folder.path()), "rules", "test", "zj", "--module", text(&modules().zj)]);
    assert!(!bad.is_success);
    assert!(bad.stdout.contains("person-name-forbidden"), "{bad:?}");
    assert!(bad.stdout.contains("expected [\"review N01") && bad.stdout.contains("found    [\"block N01"), "{bad:?}");
    let other = icpctl(&["rules", "test", "gd", "--module", text(&modules().zj)]);
    assert!(other.refusal().contains("it says it is for zj"), "{other:?}");
}

#[test]
fn a_module_is_shown_with_its_sources_and_judges_an_order() {
    let shown = icpctl(&["rules", "show", "zj", "--module", text(&modules().zj)]);
    assert!(shown.stdout.contains("浙江省通信管理局") && shown.stdout.contains("name_deny_person"), "{shown:?}");
    let folder = tempfile::tempdir().unwrap();
    let order = folder.path().join("order.json");
    let mut filing = company_filing(Province::Guangdong, 1);
    filing.services[0].name = "示例茶具选购大全".to_owned();
    std::fs::write(&order, serde_json::to_vec(&filing).unwrap()).unwrap();
    let judge = |module: &std::path::Path| {
        let arguments = ["rules", "judge", text(&order), "--module", text(module), "--today", "2026-11-20", "--json"];
        icpctl(&arguments).json()["findings"].clone()
    };
    assert_eq!(judge(&modules().gd), serde_json::json!([]));
    assert_eq!(judge(&modules().gd_notice)[0]["rule"], "name_deny_all");
    std::fs::write(&order, "{}").unwrap();
    let refused = icpctl(&["rules", "judge", text(&order), "--module", text(&modules().gd)]);
    assert!(refused.refusal().contains("is not understood"), "{refused:?}");
}

#[test]
fn a_new_book_is_begun_with_vectors_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules-wasm")).unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = [\n]\n").unwrap();
    let new = || icpctl(&["--root", text(folder.path()), "rules", "new", "nm"]);
    assert!(new().is_success);
    let manifest = std::fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("\"rules-wasm/provinces/nm\","), "{manifest}");
    let book = std::fs::read_to_string(folder.path().join("rules-wasm/provinces/nm/src/lib.rs")).unwrap();
    assert!(book.contains("Province::InnerMongolia") && book.contains("内蒙古自治区通信管理局"), "{book}");
    assert!(!book.contains("{letters}") && !book.contains("{bureau}"), "{book}");
    assert!(new().refusal().contains("is there already"));
}
