//! Modules that are refused: at which step, and the old one stays.

use icp_domain::Province;
use icp_rules_host::{Host, HostConfig, LoadStep, Release, SigningKey, digest_of};
use icp_rules_sdk::Date;

use crate::guests::{activate, config, encode, guests, host, key, load, vectors};

/// Loads the module under this release onto a host with an active Guangdong module.
fn refusal(module: &[u8], release: &Release) -> (LoadStep, String) {
    let host = host();
    let before = activate(&host, Province::Guangdong, &guests().gd, "1.0.0");
    let error = host.load(Province::Guangdong, module, release, &[]).expect_err("it was accepted");
    assert_eq!(host.active(Province::Guangdong).unwrap().digest, before.digest);
    (error.step, error.reason)
}

fn signed(module: &[u8], version: &str) -> Release {
    key().sign(module, version)
}

#[test]
fn truncated_bytes_are_not_the_digest() {
    let module = &guests().gd;
    let (step, reason) = refusal(&module[..module.len() - 100], &signed(module, "1.0.0"));
    assert_eq!(step, LoadStep::Digest, "{reason}");
}

#[test]
fn truncated_bytes_do_not_compile_even_when_signed() {
    let module = &guests().gd;
    let cut = &module[..module.len() / 2];
    let (step, reason) = refusal(cut, &signed(cut, "1.0.0"));
    assert_eq!(step, LoadStep::Compile, "{reason}");
}

#[test]
fn a_signature_by_an_unknown_key_is_refused() {
    let module = &guests().gd_notice;
    let stranger = SigningKey::from_seed("stranger", &[9; 32]);
    let (step, reason) = refusal(module, &stranger.sign(module, "1.1.0"));
    assert_eq!(step, LoadStep::Signature);
    assert!(reason.contains("stranger"), "{reason}");
}

#[test]
fn a_signature_of_another_key_under_a_trusted_name_is_refused() {
    let module = &guests().gd_notice;
    let forged = SigningKey::from_seed("test-key", &[9; 32]).sign(module, "1.1.0");
    let (step, reason) = refusal(module, &forged);
    assert_eq!((step, reason.as_str()), (LoadStep::Signature, "the signature does not fit the module"));
}

#[test]
fn a_signature_of_another_module_is_refused() {
    let module = &guests().gd_notice;
    let mut release = signed(&guests().gd, "1.1.0");
    release.digest = digest_of(module);
    let (step, reason) = refusal(module, &release);
    assert_eq!(step, LoadStep::Signature, "{reason}");
}

#[test]
fn an_unsigned_module_is_refused_unless_the_configuration_says_otherwise() {
    let module = &guests().gd;
    let release = Release::unsigned(module, "1.0.0");
    let (step, reason) = refusal(module, &release);
    assert_eq!(step, LoadStep::Signature, "{reason}");
    let lenient = icp_rules_host::Host::new(HostConfig { signature_required: false, ..HostConfig::default() }).unwrap();
    lenient.load(Province::Guangdong, module, &release, &[]).unwrap();
}

#[test]
fn a_module_of_another_province_is_refused() {
    let (step, reason) = refusal(&guests().zj, &signed(&guests().zj, "1.0.0"));
    assert_eq!(step, LoadStep::Describe);
    assert_eq!(reason, "it is offered for `gd` but says it is for `zj`");
}

#[test]
fn a_module_that_lies_about_its_version_is_refused() {
    let (step, reason) = refusal(&guests().gd, &signed(&guests().gd, "1.1.0"));
    assert_eq!((step, reason.as_str()), (LoadStep::Describe, "it is offered as version 1.1.0 but says it is `1.0.0`"));
}

#[test]
fn an_empty_component_is_not_of_the_world() {
    let empty = b"\0asm\x0d\0\x01\0";
    let (step, reason) = refusal(empty, &signed(empty, "1.0.0"));
    assert_eq!(step, LoadStep::World, "{reason}");
}

#[test]
fn a_core_module_is_no_component() {
    let core = b"\0asm\x01\0\0\0";
    let (step, reason) = refusal(core, &signed(core, "1.0.0"));
    assert_eq!(step, LoadStep::Compile, "{reason}");
}

#[test]
fn a_module_that_imports_is_refused() {
    let importing = importing_component();
    let (step, reason) = refusal(&importing, &signed(&importing, "1.0.0"));
    assert_eq!(step, LoadStep::World);
    assert!(reason.contains("imports `now`"), "{reason}");
}

/// A component of another world, which asks the host for the time.
fn importing_component() -> Vec<u8> {
    use wit_component::{StringEncoding, dummy_module, embed_component_metadata};
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("clock.wit", "package t:clock; world w { import now: func() -> u64; }").unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut core = dummy_module(&resolve, world, wit_parser::ManglingAndAbi::Standard32);
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false).unwrap();
    encode(&core)
}

#[test]
fn a_vector_that_fails_is_named_with_what_was_expected() {
    let host = host();
    let module = &guests().gd;
    // The vectors of the notice do not hold for the book before it.
    let error = host.load(Province::Guangdong, module, &signed(module, "1.0.0"), &vectors("gd", "1.1.0")).unwrap_err();
    assert_eq!(error.step, LoadStep::Vectors);
    assert!(error.reason.contains("company-name-forbidden: expected [\"block N01"), "{}", error.reason);
}

#[test]
fn oversized_modules_are_refused_before_anything_is_done_with_them() {
    let host = icp_rules_host::Host::new(HostConfig { module_bytes_max: 1_000, ..crate::guests::config() }).unwrap();
    let error = load(&host, Province::Guangdong, &guests().gd, "1.0.0").unwrap_err();
    assert_eq!(error.step, LoadStep::Digest);
}

#[test]
fn the_description_lists_every_parameter_with_its_source() {
    let host = host();
    let info = activate(&host, Province::Zhejiang, &guests().zj, "1.0.0");
    assert_eq!(info.description.bureau, "浙江省通信管理局");
    let words = info.description.parameters.iter().find(|parameter| parameter.name == "name_deny_person").unwrap();
    assert!(words.value.contains("工作室"));
    assert_eq!(words.source.as_of, "2019-09-20");
    assert!(guests().zj.len() < 500_000, "the module has {} bytes", guests().zj.len());
}

#[test]
fn a_release_that_hides_its_first_day_or_names_another_is_refused() {
    let module = &guests().gd_notice;
    let october = Host::with_today(config(), || Date::new(2026, 10, 31)).unwrap();
    let refusal = |release: &Release| {
        let error = october.load(Province::Guangdong, module, release, &[]).expect_err("it was accepted");
        assert_eq!(error.step, LoadStep::Describe);
        error.reason
    };
    let silent = refusal(&signed(module, "1.1.0"));
    assert_eq!(silent, "it is in force from 2026-11-01 only, and its release does not say so");
    let mut release = key().release(module, &october.describe(module).unwrap());
    assert!(october.load(Province::Guangdong, module, &release, &[]).is_ok());
    release.effective_from = "2026-10-31".parse().ok();
    assert_eq!(refusal(&release), "it is offered as in force from 2026-10-31 but says 2026-11-01");
}
