//! The papers of a filing (备案): the electronic verification slip (真实性核验单), authorisation letters and
//! commitments of the provinces, and receipts.
//!
//! Everything is decided from arguments: the filing, the recorded evidence, the date. No clock, no I/O. What is made
//! here is the content of a page; the program `icp-press` sets it as PDF or JPEG.
//!
//! Reading order: [`evidence`] (what has been proved), [`slip`] (what may be ticked), [`letters`] (papers from
//! templates), [`receipts`], [`values`] (what placeholders stand for), [`paper`] (the content of a page).

pub mod codes;
pub mod error;
pub mod evidence;
pub mod letters;
pub mod paper;
pub mod receipts;
pub mod slip;
pub mod values;

pub use error::PaperError;
pub use evidence::{Evidence, EvidenceKind, EvidenceRef, Outcome, Submission};
pub use letters::{LetterTemplate, letter_templates};
pub use paper::{Output, Paper, PrintJob, Refusal, Template};
pub use receipts::{Completion, CompletionTitle, acceptance_receipt, completion_notice};
pub use slip::{Slip, SlipField, SlipOrder, Tick};
pub use values::Facts;
