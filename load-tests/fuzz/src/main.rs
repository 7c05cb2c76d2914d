//! libFuzzer with one of the targets of `icp-fuzz-targets`: the one that `ICP_FUZZ_TARGET` names. One program for all of
//! them, because linking takes longer than trying a target.
#![no_main]

use std::sync::LazyLock;

use icp_fuzz_targets::{TARGETS, Target, target};
use libfuzzer_sys::fuzz_target;

static CHOSEN: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("ICP_FUZZ_TARGET").unwrap_or_default();
    target(&name).unwrap_or_else(|| {
        let known = TARGETS.map(|target| target.name).join(", ");
        eprintln!("error: ICP_FUZZ_TARGET is `{name}`; name one of {known}");
        std::process::exit(1)
    })
});

fuzz_target!(|input: &[u8]| {
    (CHOSEN.run)(input);
});
