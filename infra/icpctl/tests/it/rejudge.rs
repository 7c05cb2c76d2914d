//! The whole stock again: what is new, the compact form, an interruption, a damaged stock.

use std::path::{Path, PathBuf};

use icp_domain::Province;
use icp_testkit::filings::company_filing;
use serde_json::{Value, json};

use crate::tool::{icpctl, modules, text};

const FILINGS: u32 = 60;

/// A stock of Guangdong in which every tenth name holds a word that the notice forbids, and one filing of Hunan.
fn stock(folder: &Path) -> PathBuf {
    let mut lines: Vec<String> = (0..FILINGS)
        .map(|number| {
            let mut filing = company_filing(Province::Guangdong, number);
            if number % 10 == 0 {
                filing.services[0].name.push_str("大全");
            }
            json!({ "id": format!("filing-{number}"), "filing": filing, "findings": [] }).to_string()
        })
        .collect();
    lines.push(json!({ "id": "elsewhere", "filing": company_filing(Province::Hunan, 1) }).to_string());
    let path = folder.join("stock.ndjson");
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    path
}

/// Judges with the notice against the book before it; more options at the end.
fn rejudge(stock: &Path, out: &Path, more: &[&str]) -> crate::tool::Printed {
    let (notice, before) = (text(&modules().gd_notice), text(&modules().gd));
    let mut arguments = vec!["rules", "rejudge", "gd", "--stock", text(stock), "--with", notice, "--against", before];
    arguments.extend(["--out", text(out), "--today", "2026-11-20", "--json"]);
    arguments.extend(more);
    icpctl(&arguments)
}

fn ids(out: &Path) -> Vec<String> {
    let lines = std::fs::read_to_string(out).unwrap();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    lines.lines().map(id).collect()
}

fn expected() -> Vec<String> {
    (0..FILINGS).step_by(10).map(|number| format!("filing-{number}")).collect()
}

#[test]
fn filings_that_newly_violate_the_notice_are_listed_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (stock, out) = (stock(folder.path()), folder.path().join("out.ndjson"));
    let printed = rejudge(&stock, &out, &["--batch", "7", "--threads", "3"]);
    let counts = printed.json()["counts"].clone();
    assert_eq!((counts["filings"].as_u64(), counts["skipped"].as_u64()), (Some(61), Some(1)), "{counts}");
    assert_eq!((counts["judged"].as_u64(), counts["violating"].as_u64()), (Some(60), Some(6)), "{counts}");
    assert_eq!(counts["rules"], json!({ "gd name_deny_all N01": 6 }));
    assert_eq!(ids(&out), expected());

    // The compact form says the same, and is refused where it is damaged.
    let packed = folder.path().join("stock.bin");
    let arguments = ["rules", "stock", "pack", text(&stock), text(&packed), "--today", "2026-11-20"];
    assert!(icpctl(&arguments).is_success);
    let again = rejudge(&packed, &out, &["--batch", "7"]);
    assert_eq!(again.json()["counts"], counts);
    assert_eq!(ids(&out), expected());
    let bytes = std::fs::read(&packed).unwrap();
    std::fs::write(&packed, &bytes[..bytes.len() - 5]).unwrap();
    let damaged = rejudge(&packed, &out, &[]);
    assert!(!damaged.is_success && damaged.stderr.contains("ends early"), "{damaged:?}");
}

#[test]
fn the_findings_on_record_are_the_measure_without_another() {
    let folder = tempfile::tempdir().unwrap();
    let (stock, out) = (stock(folder.path()), folder.path().join("out.ndjson"));
    let known = std::fs::read_to_string(&stock).unwrap();
    // The first is known to violate the notice.
    let known = known.replacen("\"findings\":[]", "\"findings\":[\"block N01 services[0].name (name_deny_all)\"]", 1);
    std::fs::write(&stock, known).unwrap();
    let arguments = ["rules", "rejudge", "gd", "--stock", text(&stock), "--with", text(&modules().gd_notice)];
    let more = ["--out", text(&out), "--today", "2026-11-20"];
    assert!(icpctl(&[arguments.as_slice(), &more].concat()).is_success);
    assert_eq!(ids(&out), expected()[1..]);
}

#[test]
fn an_interrupted_run_goes_on_where_it_was_and_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (stock, whole) = (stock(folder.path()), folder.path().join("whole.ndjson"));
    let counts = rejudge(&stock, &whole, &[]).json()["counts"].clone();

    // A line that cannot be read stops the run in the middle, as an interruption does; it is mended in its place.
    let good = std::fs::read_to_string(&stock).unwrap();
    let broken = good.replacen("{\"filing\"", "[\"filing\"", 36).replacen("[\"filing\"", "{\"filing\"", 35);
    assert_ne!(good, broken);
    std::fs::write(&stock, broken).unwrap();
    let (out, state) = (folder.path().join("out.ndjson"), folder.path().join("state.json"));
    let more = ["--resume", text(&state), "--batch", "5", "--threads", "2"];
    let stopped = rejudge(&stock, &out, &more);
    assert!(!stopped.is_success && stopped.stderr.contains("is not understood at byte"), "{stopped:?}");
    let kept: Value = serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
    assert_eq!((kept["counts"]["filings"].as_u64(), kept["is_done"].as_bool()), (Some(35), Some(false)), "{kept}");

    // More was written than is known of: it comes again.
    let mut written = std::fs::read(&out).unwrap();
    written.extend(b"half a li");
    std::fs::write(&out, written).unwrap();
    std::fs::write(&stock, good).unwrap();
    assert_eq!(rejudge(&stock, &out, &more).json()["counts"], counts);
    assert_eq!(std::fs::read(&out).unwrap(), std::fs::read(&whole).unwrap());

    // Another module is another run.
    let gd = text(&modules().gd);
    let other = icpctl(&[
        "rules",
        "rejudge",
        "gd",
        "--stock",
        text(&stock),
        "--with",
        gd,
        "--resume",
        text(&state),
        "--out",
        text(&out),
    ]);
    assert!(other.refusal().contains("the judging modules"), "{other:?}");
}
