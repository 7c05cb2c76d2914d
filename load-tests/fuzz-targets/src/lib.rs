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
mod filing;
mod handed_in;
mod identifiers;
mod rules;

use std::path::{Path, PathBuf};

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
        if result.is_ok() { Self::Read } else { Self::Refused }
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
pub const TARGETS: [Target; 18] = [
    Target { name: "filing", run: filing::filing },
    Target { name: "order-file", run: filing::order_file },
    Target { name: "identifiers", run: identifiers::identifiers },
    Target { name: "domain-name", run: identifiers::domain_name },
    Target { name: "tokens", run: access::tokens },
    Target { name: "cursors", run: access::cursors },
    Target { name: "import-lines", run: handed_in::import_lines },
    Target { name: "import-table", run: handed_in::import_table },
    Target { name: "picture", run: handed_in::picture },
    Target { name: "paper", run: handed_in::paper },
    Target { name: "video", run: handed_in::video },
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
