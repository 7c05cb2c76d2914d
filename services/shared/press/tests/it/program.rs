//! The program: a job goes in, a file or a reason comes out.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use icp_domain::{Filing, Province};
use icp_papers::{PrintJob, Refusal};
use icp_testkit::filings::company_filing;

use crate::pages::{has, slip};

fn run(input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_icp-press"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn job(font_file: Option<PathBuf>) -> Vec<u8> {
    job_of(&company_filing(Province::Guangdong, 1), font_file)
}

fn job_of(filing: &Filing, font_file: Option<PathBuf>) -> Vec<u8> {
    let paper = slip(filing);
    serde_json::to_vec(&PrintJob { paper, output: icp_papers::Output::Pdf, font_file }).unwrap()
}

#[test]
fn a_job_on_standard_input_becomes_a_file_on_standard_output() {
    let printed = run(&job(None));
    assert_eq!(printed.status.code(), Some(0), "{}", String::from_utf8_lossy(&printed.stderr));
    assert!(printed.stdout.starts_with(b"%PDF-") && has(&printed.stdout, "/Count 1"));
    assert_eq!(printed.stdout, run(&job(None)).stdout);
}

#[test]
fn a_refusal_has_its_own_status_and_says_why() {
    let refused = run(&job(Some("/nowhere/font.ttc".into())));
    assert_eq!(refused.status.code(), Some(3));
    assert!(refused.stdout.is_empty() && String::from_utf8_lossy(&refused.stderr).contains("/nowhere/font.ttc"));
    assert_eq!(run(b"{}").status.code(), Some(1));
}

#[test]
fn a_check_tells_what_would_refuse_every_paper() {
    let check = |font_file: Option<&str>| {
        Command::new(env!("CARGO_BIN_EXE_icp-press")).arg("--check").args(font_file).output().unwrap()
    };
    let good = check(None);
    assert!(good.status.success() && good.stdout.is_empty() && good.stderr.is_empty(), "{good:?}");
    let refused = check(Some("/nowhere/font.ttc"));
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("/nowhere/font.ttc"));
}

#[test]
fn words_that_cannot_be_printed_are_told_in_a_form_for_machines() {
    let named = |name: String| {
        let mut filing = company_filing(Province::Guangdong, 1);
        filing.organiser.name = name;
        let refused = run(&job_of(&filing, None));
        assert_eq!(refused.status.code(), Some(4));
        serde_json::from_slice::<Refusal>(&refused.stderr).unwrap()
    };
    assert_eq!(named("示例\u{10fffd}公司".to_owned()), Refusal::NoGlyph { character: '\u{10fffd}' });
    assert!(matches!(named("示".repeat(3000)), Refusal::TooLong { pages: 2.. }));
}
