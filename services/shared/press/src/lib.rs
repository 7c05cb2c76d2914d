//! The press: sets one paper as PDF or JPEG, in a process of its own.
//!
//! The typesetter takes tens of megabytes and minutes to build. Papers are few, so no service carries it: the caller
//! starts `icp-press`, writes an [`icp_papers::PrintJob`] to its standard input and reads the file from its standard
//! output. The same job gives the same bytes with the same fonts.
//!
//! Reading order: [`press`] (typesetting), [`fonts`], [`error`].

pub mod error;
pub mod fonts;
pub mod press;

pub use error::PressError;
pub use press::{Press, print};
