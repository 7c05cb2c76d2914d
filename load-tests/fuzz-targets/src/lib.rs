//! The parsers of outside input, as targets of the fuzzer in `load-tests/fuzz` and of the ordinary test, which gives
//! them the same seeds.
//!
//! A target takes any bytes. It may refuse them, but must come back soon and must not panic; and what it reads must keep
//! what the parser promises, which the target asserts: written and read again it is the same, both readers of a form
//! agree, what is written for the bureau is well-formed.
//!
//! A new parser is one function in the file of its area, one line in [`TARGETS`] and a folder of seeds of the same name.

mod access;
mod bureau;
mod bus;
mod filing;
mod handed_in;
mod identifiers;
mod operator;
mod papers;
mod rules;
mod systems;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use icp_domain::Filing;

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is of the form that the parser reads.
    Read,
    /// The parser says what is wrong with it.
    Refused,
}

impl Outcome {
    fn of<T, E>(result: &Result<T, E>) -> Self {
        Self::any([result.is_ok()])
    }

    /// Whether one of the parsers has read it.
    fn any<const N: usize>(read: [bool; N]) -> Self {
        if read.contains(&true) { Self::Read } else { Self::Refused }
    }
}

/// The first line, which names one of several parsers, and what is given to it.
fn named(input: &[u8]) -> (&str, &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (name, rest) = input.split_at(end);
    (std::str::from_utf8(name).unwrap_or_default(), rest.get(1..).unwrap_or_default())
}

/// Lines of a name, a colon and a value.
fn header_lines(input: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    input.split(|byte| *byte == b'\n').filter_map(|line| {
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
        Some((name.trim_ascii(), value.get(1..).unwrap_or_default().trim_ascii()))
    })
}

/// The order that answers, pictures and messages are held against: the demo's company.
fn company() -> &'static Filing {
    static COMPANY: LazyLock<Result<Filing, serde_json::Error>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../../infra/demo/orders/a-company-guangdong/order.json"))
    });
    match COMPANY.as_ref() {
        Ok(company) => company,
        Err(error) => unreachable!("the demo's company cannot be read: {error}"),
    }
}

/// One parser, or a few that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of the folder of its seeds.
    pub name: &'static str,
    /// Gives it an input.
    ///
    /// # Panics
    /// When the parser breaks a promise: that is what is looked for.
    pub run: fn(&[u8]) -> Outcome,
}

/// All targets.
pub const TARGETS: [Target; 26] = [
    Target { name: "filing", run: filing::filing },
    Target { name: "order-file", run: filing::order_file },
    Target { name: "identifiers", run: identifiers::identifiers },
    Target { name: "domain-name", run: identifiers::domain_name },
    Target { name: "tokens", run: access::tokens },
    Target { name: "cursors", run: access::cursors },
    Target { name: "credentials", run: access::credentials },
    Target { name: "request-headers", run: access::headers },
    Target { name: "request-bodies", run: access::bodies },
    Target { name: "import-lines", run: handed_in::import_lines },
    Target { name: "import-table", run: handed_in::import_table },
    Target { name: "picture", run: handed_in::picture },
    Target { name: "paper", run: handed_in::paper },
    Target { name: "picture-again", run: handed_in::picture_again },
    Target { name: "video", run: handed_in::video },
    Target { name: "system-answer", run: systems::answer },
    Target { name: "bus-message", run: bus::message },
    Target { name: "papers", run: papers::papers },
    Target { name: "operator-file", run: operator::file },
    Target { name: "bureau-answer", run: bureau::answer },
    Target { name: "bureau-document", run: bureau::document },
    Target { name: "bureau-file", run: bureau::file },
    Target { name: "bureau-container", run: bureau::container },
    Target { name: "rules-batch", run: rules::batch },
    Target { name: "rules-answers", run: rules::answers },
    Target { name: "rules-module", run: rules::module },
];

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}

/// The folder with one folder of seeds for each target. A seed whose name begins with `read-` is of the form that its
/// target reads; all others are only run. The fuzzer keeps here what it breaks something with.
pub fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("fuzz").join("seeds")
}
